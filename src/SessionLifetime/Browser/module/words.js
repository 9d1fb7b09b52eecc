/**
 * The texts of the window, and the time as words.
 *
 * @import { Options, Strings, View } from '../session-lifetime.js'
 */

/** @type {Record<string, Strings>} */
const languages = {
  en: {
    title: 'Are you still there?',
    message: 'Your session is about to end. What you have not saved will be lost.',
    absoluteTitle: 'Your session is about to end',
    absoluteMessage: 'It has reached its longest time and cannot be extended. Please save your work now.',
    failing: 'The server could not be reached. Trying again…',
    endedTitle: 'Your session has ended',
    ended: 'You can close this page, or start again.',
    IdleTimeout: 'Nothing happened here for a while.',
    SignalLost: 'The server had not heard from this page for a while.',
    AbsoluteTimeout: 'It had reached its longest time.',
    Revoked: 'It was ended from elsewhere.',
    Displaced: 'A newer session has taken its place.',
    HostStopping: 'The server was restarted.',
    stay: 'Stay',
    leave: 'End session',
    dismiss: 'Continue',
    restart: 'Start again',
    left: '{time} left.',
  },
  de: {
    title: 'Sind Sie noch da?',
    message: 'Ihre Sitzung endet bald. Was nicht gespeichert ist, geht verloren.',
    absoluteTitle: 'Ihre Sitzung endet bald',
    absoluteMessage: 'Sie hat ihre längste Dauer erreicht und lässt sich nicht verlängern. Bitte speichern Sie jetzt.',
    failing: 'Der Server ist nicht erreichbar. Neuer Versuch…',
    endedTitle: 'Ihre Sitzung ist beendet',
    ended: 'Sie können diese Seite schließen oder neu beginnen.',
    IdleTimeout: 'Hier ist länger nichts geschehen.',
    SignalLost: 'Der Server hat länger nichts von dieser Seite gehört.',
    AbsoluteTimeout: 'Sie hatte ihre längste Dauer erreicht.',
    Revoked: 'Sie wurde von anderer Stelle beendet.',
    Displaced: 'Eine neuere Sitzung ist an ihre Stelle getreten.',
    HostStopping: 'Der Server wurde neu gestartet.',
    stay: 'Bleiben',
    leave: 'Sitzung beenden',
    dismiss: 'Weiter',
    restart: 'Neu beginnen',
    left: 'Noch {time}.',
  },
};

/**
 * The texts, and the language of the numbers in them; where neither the library nor the page has texts for a language, both are English.
 *
 * @param {string} [wanted] @param {Options['strings']} [own]
 */
export const wordsFor = (wanted, own) => {
  const asked = wanted || document.documentElement.lang || navigator.language;
  const given = typeof own === 'string' ? JSON.parse(own) : own;
  const known = languages[asked.slice(0, 2).toLowerCase()];
  return { strings: { ...(known ?? languages.en), ...given }, lang: known || given ? asked : 'en' };
};

/**
 * The time as words, and its number and unit: whole minutes, rounded up, then seconds.
 *
 * @param {number} ms @param {View} view
 */
export const timeFor = (ms, { strings, lang }) => {
  const seconds = Math.ceil(ms / 1000);
  const unit = seconds < 60 ? 'second' : 'minute', n = seconds < 60 ? seconds : Math.ceil(seconds / 60);
  const own = n === 1 ? strings[unit] : strings[`${unit}s`];
  const digits = n.toLocaleString(lang);
  const words = own?.replace('{n}', digits) ?? n.toLocaleString(lang, { style: 'unit', unit, unitDisplay: 'long' });
  return { words, digits, word: words.replace(digits, '').trim() };
};

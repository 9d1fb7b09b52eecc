/**
 * The texts of the window, and the time as words.
 *
 * @import { Options, Strings, View } from '../session-lifetime.js'
 */
import { doc } from './page.js';

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

/** What the page or the browser calls a language, as far as it is one: `de_DE` is de-DE, `de-1996-x` is de-1996. @param {string} [name] */
const languageOf = name => {
  for (let tag = `${name ?? ''}`.trim().replaceAll('_', '-'); tag; tag = tag.replace(/-?[^-]*$/, '')) {
    try {
      return Intl.getCanonicalLocales(tag)[0];
    } catch { /* Without its last part. */ }
  }
};

/**
 * The texts, and the language of the sentence with the time, which is never in two: where neither the library nor the page has it in the
 * page's language, it is English, whatever words for the time the page has.
 *
 * @param {string} [wanted] @param {Options['strings']} [own]
 * @returns {{ strings: Strings, lang: string }}
 */
export const wordsFor = (wanted, own) => {
  const asked = [wanted, doc.documentElement.lang, navigator.language].map(languageOf).find(Boolean) ?? 'en';
  const given = Object.fromEntries(Object.entries(own ?? {}).filter(([, text]) => text));
  const primary = asked.split('-')[0], known = Object.hasOwn(languages, primary) ? languages[primary] : null;
  if (known || given.left) return { strings: { ...(known ?? languages.en), ...given }, lang: asked };
  const { minute, minutes, second, seconds, ...strings } = { ...languages.en, ...given };
  return { strings, lang: 'en' };
};

/**
 * The time as words, and its number and unit: whole minutes, rounded up, then seconds. As a clock where nobody has words for it.
 *
 * @param {number} ms @param {View} view
 */
export const timeFor = (ms, { strings, lang }) => {
  const seconds = Math.ceil(ms / 1000);
  const unit = seconds < 60 ? 'second' : 'minute', n = seconds < 60 ? seconds : Math.ceil(seconds / 60);
  const own = n === 1 ? strings[unit] : strings[`${unit}s`];
  const [locale] = Intl.NumberFormat.supportedLocalesOf(lang);
  const digits = n.toLocaleString(locale ?? 'en');
  if (!own && !locale) {
    const clock = `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, '0')}`;
    return { words: clock, digits: clock, word: '' };
  }
  const words = own?.replace('{n}', digits) ?? n.toLocaleString(locale, { style: 'unit', unit, unitDisplay: 'long' });
  return { words, digits, word: words.replace(digits, '').trim() };
};

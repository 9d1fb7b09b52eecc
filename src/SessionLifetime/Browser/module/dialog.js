/**
 * Decides whether the countdown's window is open, and what it shows; without it, whether the notice is there.
 *
 * @import { View } from '../session-lifetime.js'
 * @import { Context } from './context.js'
 * @typedef {ReturnType<typeof createDialog>} Dialog
 */
import { SessionCountdown } from './countdown.js';
import { createNotice } from './notice.js';
import { say } from './options.js';
import { doc } from './page.js';
import { isOn } from './settings.js';
import { wordsFor } from './words.js';

const BUILT_IN = 'session-countdown';

/** @param {Context} context */
export const createDialog = (context) => {
  /** @type {SessionCountdown | null} */
  let element = null;
  let isCreated = false;
  const notice = createNotice();

  /** @returns {Omit<View, 'strings' | 'lang'> | null} */
  const view = () => {
    if (!dialog._showing) return null;
    if (context._phase === 'ended') return { state: 'ended', reason: context._reason, left: 0, extendable: false };
    const { extendable = false, endsBy = null } = context._status ?? {};
    return context._warning && { state: context._failures ? 'failing' : context._warning, extendable, left: context._left() ?? 0, reason: endsBy };
  };

  /** @returns {any} */
  const find = () => {
    const { countdown } = context._settings;
    if (typeof countdown === 'object') return countdown;
    const tag = typeof countdown === 'string' && countdown !== 'on' ? countdown : BUILT_IN;
    const found = doc.querySelector(tag) ?? doc.createElement(tag);
    if ('update' in found) return found;
    say(`countdown: ${tag} is not the name of an element with update(). Define it, by a subclass of SessionCountdown; until then ${BUILT_IN} is shown.`);
    return doc.querySelector(BUILT_IN) ?? doc.createElement(BUILT_IN);
  };

  const dialog = {
    _showing: false,

    _render: () => {
      if (context._parent) return;
      const shown = view(), { lang, strings, notice: option } = context._settings;
      const isAway = context._failures > 0 && context._phase !== 'ended';
      if (!isAway || !context._tellsAway || shown || !isOn(option)) notice._remove();
      else notice._show(wordsFor(lang, strings));
      if (!shown) return element?.close();
      if (!isOn(context._settings.countdown)) return;
      if (!element?.isConnected) {
        const found = find();
        isCreated = !found.isConnected;
        element = /** @type {SessionCountdown} */ (found);
        if (isCreated) (doc.body ?? doc.documentElement).append(element);
      }
      element.controller = context._controller;
      try {
        element.update({ ...shown, ...wordsFor(lang, strings) });
      } catch (error) {
        reportError(error);
      }
    },

    /** Closes the window. Where the user has seen the warning of the absolute end, it does not come back on the next page. */
    _dismiss: () => {
      if (context._warning === 'absolute' && context._status) context._save({ told: context._status.session });
      dialog._showing = false;
      dialog._render();
    },

    _remove: () => {
      notice._remove();
      element?.close();
      if (isCreated) element?.remove();
    },
  };
  return dialog;
};

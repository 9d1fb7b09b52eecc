/**
 * Decides whether the countdown's window is open, and what it shows.
 *
 * @import { View } from '../session-lifetime.js'
 * @import { Context } from './context.js'
 * @typedef {ReturnType<typeof createDialog>} Dialog
 */
import { SessionCountdown } from './countdown.js';
import { isOn } from './settings.js';
import { wordsFor } from './words.js';

/** @param {Context} context */
export const createDialog = (context) => {
  /** @type {SessionCountdown | null} */
  let element = null;
  let isCreated = false;

  /** @returns {Omit<View, 'strings' | 'lang'> | null} */
  const view = () => {
    if (!dialog._showing) return null;
    if (context._phase === 'ended') return { state: 'ended', reason: context._reason, left: 0, extendable: false };
    const { extendable = false, endsBy = null } = context._status ?? {};
    return context._warning && { state: context._failures ? 'failing' : context._warning, extendable, left: context._left() ?? 0, reason: endsBy };
  };

  const dialog = {
    _showing: false,

    _render: () => {
      const shown = view();
      if (!shown) return element?.close();
      if (context._parent || !isOn(context._settings.countdown)) return;
      const tag = typeof context._settings.countdown === 'string' && context._settings.countdown !== 'on' ? context._settings.countdown : 'session-countdown';
      if (!element?.isConnected) {
        const found = context._settings.countdown instanceof SessionCountdown ? context._settings.countdown : document.querySelector(tag);
        isCreated = !found?.isConnected;
        element = /** @type {SessionCountdown} */ (found ?? document.createElement(tag));
        if (isCreated) document.body.append(element);
      }
      element.controller = context._controller;
      element.update({ ...shown, ...wordsFor(context._settings.lang, context._settings.strings) });
    },

    /** Closes the window. Where the user has seen the warning of the absolute end, it does not come back on the next page. */
    _dismiss: () => {
      if (context._warning === 'absolute' && context._status) context._save({ told: context._status.session });
      dialog._showing = false;
      dialog._render();
    },

    _remove: () => {
      element?.close();
      if (isCreated) element?.remove();
    },
  };
  return dialog;
};

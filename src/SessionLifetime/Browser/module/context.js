/**
 * What every part of a session's page shares: settings, ids, what is known of the session, its events, and the signal that it stopped.
 *
 * @import { Controller, EndReason, Options, Status } from '../session-lifetime.js'
 * @typedef {ReturnType<typeof createContext>} Context
 */
import { now, since } from './clock.js';
import { createIdentity } from './identity.js';
import { doc } from './page.js';
import { readSettings } from './settings.js';

/** @param {Controller} controller @param {Options} options */
export const createContext = (controller, options) => {
  const settings = readSettings(options);
  const context = Object.assign(createIdentity(settings), {
    _phase: /** @type {Controller['state']} */ ('starting'),
    /** The server's last word. */
    _status: /** @type {Status | null} */ (null),
    /** When it arrived. */
    _received: now(),
    _reason: /** @type {EndReason | null} */ (null),
    /** Whether the server knows this page. */
    _attached: false,
    /** The start of this page, while it lasts; requests of the app wait for it. */
    _startup: /** @type {Promise<unknown> | null} */ (null),
    /** Calls of the protocol that failed since the last one that was answered. */
    _failures: 0,
    /** Whether the page leaves it to us to say so; and the end. */
    _tellsAway: true,
    _tellsEnd: true,
    /** The countdown that is due: of a timeout, or of the absolute end, which cannot be extended. */
    _warning: /** @type {'warning' | 'absolute' | null} */ (null),
    /** Milliseconds left to the countdown. */
    _left: () => {
      const ms = context._status?.countdown ? context._status.countdownMs : null;
      return ms === null ? null : Math.max(0, ms - since(context._received));
    },
    _controller: controller,
    _settings: settings,
    _stopped: new AbortController(),
    /**
     * @param {string} name @param {object} [detail] @param {boolean} [cancelable]
     * @returns {boolean} whether nobody prevented the default
     */
    _emit: (name, detail = {}, cancelable = false) => {
      const event = new CustomEvent(`sessionlifetime:${name}`, { detail, cancelable, bubbles: true });
      controller.dispatchEvent(event);
      doc.dispatchEvent(event);
      return !event.defaultPrevented;
    },
  });
  return context;
};

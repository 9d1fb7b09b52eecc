/**
 * Changes of the session's state: a status of the server, and the end.
 *
 * @import { EndReason, Status } from '../session-lifetime.js'
 * @import { Activity } from './activity.js'
 * @import { SessionChannel } from './channel.js'
 * @import { Context } from './context.js'
 * @import { Departure } from './departure.js'
 * @import { Dialog } from './dialog.js'
 * @import { Timing } from './timing.js'
 * @typedef {ReturnType<typeof createTransitions>} Transitions
 */
import { now } from './clock.js';

/**
 * @param {Context} context
 * @param {Dialog} dialog
 * @param {Timing} timing
 * @param {Departure} departure
 * @param {Activity} activity
 * @param {SessionChannel} channel
 */
export const createTransitions = (context, dialog, timing, departure, activity, channel) => {
  let order = 0, applied = 0;

  /** @param {Status} status */
  const warn = status => {
    activity._input = null;
    const { countdownMs, extendable, endsBy } = status;
    dialog._showing = context._emit('timeout', { status, countdownMs, extendable, endsBy }, true)
      && !(context._warning === 'absolute' && context._ids.told === status.session);
  };

  return {
    /** The number of a question to the server, for the order of the answers. */
    _nextOrder: () => ++order,

    /**
     * @param {Status} status @param {number} [asked] the number of the question; default: a new one
     * @param {number} [idleMs] how long the user was idle when this question set the idle clock
     * @param {() => unknown} [announce] is called before the events that the status causes
     */
    _apply: (status, asked = ++order, idleMs, announce) => {
      // An answer overtaken by that to a later question is out of date.
      if (asked < applied || context._phase === 'ended') return;
      applied = asked;
      const before = context._status;
      context._status = status;
      context._received = now();
      context._phase = status.state;
      const { timeoutInMs } = status;
      if (idleMs !== undefined || (timeoutInMs ?? 0) > activity._idleLimit) activity._idleLimit = (timeoutInMs ?? Infinity) + (idleMs ?? 0);
      timing._schedulePing();
      announce?.();

      const warning = status.countdown ? status.extendable ? 'warning' : 'absolute' : null;
      const hasChanged = warning !== context._warning || status.state !== before?.state;
      if (warning !== context._warning) {
        context._warning = warning;
        dialog._showing = false;
        if (warning) warn(status);
      }
      if (before?.state === 'timedOut' && status.state === 'active') context._emit('active', { status });
      if (hasChanged) channel._post({ status });
      dialog._render();
      timing._scheduleDue();
    },

    /**
     * @param {EndReason | null} reason @param {string | null} [to] where the server sends the browser
     * @param {boolean} [isOwn] whether this page heard it first, and tells the others
     */
    _end: (reason, to = null, isOwn = true) => {
      if (context._phase === 'ended' && !to || context._phase === 'stopped') return;
      context._phase = 'ended';
      context._reason = reason;
      context._attached = false;
      timing._stop();
      activity._cancelReport();
      departure._disarm();
      activity._staying?.resolve(false);
      activity._staying = context._warning = null;
      if (isOwn) channel._post({ ended: reason });
      const location = to ?? context._settings.endedUrl ?? null;
      dialog._showing = context._emit('ended', { reason, location }, true);
      if (dialog._showing && location) window.location.assign(new URL(location, document.baseURI));
      else dialog._render();
    },
  };
};

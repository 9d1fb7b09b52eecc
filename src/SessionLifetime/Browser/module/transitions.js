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
 * @import { Message } from './channel.js'
 * @typedef {ReturnType<typeof createTransitions>} Transitions
 */
import { now } from './clock.js';
import { doc } from './page.js';

/**
 * @param {Context} context
 * @param {Dialog} dialog
 * @param {Timing} timing
 * @param {Departure} departure
 * @param {Activity} activity
 * @param {SessionChannel} channel
 * @param {() => unknown} onDoubt nobody knows which of two answers the server gave later
 */
export const createTransitions = (context, dialog, timing, departure, activity, channel, onDoubt) => {
  /** The moments of the last question, and of the last that was acted on, by the clock that all tabs share. */
  let asked = 0, applied = 0;

  /** @param {Status} status */
  const warn = status => {
    activity._input = null;
    const { countdownMs, extendable, endsBy } = status;
    dialog._showing = context._emit('timeout', { status, countdownMs, extendable, endsBy }, true)
      && !(context._warning === 'absolute' && context._ids.told === status.session);
  };

  const transitions = {
    /** The moment of a question to the server, for the order of the answers. */
    _nextOrder: () => asked = Math.max(asked + 1, Date.now()),

    /**
     * @param {Status} status @param {number} order the moment of the question
     * @param {number} [idleMs] how long the user was idle when this question set the idle clock
     * @param {() => unknown} [announce] is called before the events that the status causes
     * @param {number} [heard] when it was answered, if not now
     */
    _apply: (status, order, idleMs, announce, heard = Date.now()) => {
      if (context._phase === 'ended') return;
      const before = context._status;
      if (order < applied && !announce) {
        // Overtaken by the answer to a later question: mostly out of date.
        if (status.state !== before?.state || status.countdown !== before.countdown) onDoubt();
        return;
      }
      applied = Math.max(applied, order);
      context._status = status;
      context._received = now(Math.max(0, Date.now() - heard));
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
      if (hasChanged) channel._post({ status, asked: order, heard });
      dialog._render();
      timing._scheduleDue();
    },

    /** Another page has heard the status. What the server said before it answered this page is old, however late it comes. @param {Message} message */
    _hear: ({ status, asked: order = 0, heard = 0 }) => {
      if (!status || status.session !== context._status?.session) return;
      if (order > context._received.wall) transitions._apply(status, order, undefined, undefined, heard);
      else if (heard > applied) onDoubt();
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
      dialog._showing = context._tellsEnd = context._emit('ended', { reason, location }, true);
      if (dialog._showing && location) window.location.assign(new URL(location, doc.baseURI));
      else dialog._render();
    },
  };
  return transitions;
};

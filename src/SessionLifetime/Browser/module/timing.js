/**
 * Timers that ask the server. None of them ends a session: the server decides.
 *
 * @import { Context } from './context.js'
 * @import { Dialog } from './dialog.js'
 * @typedef {ReturnType<typeof createTiming>} Timing
 */
import { later, now, since } from './clock.js';
import { doc } from './page.js';

/** A timer so late means that the machine slept or the page was frozen, and that what the page knows is old. */
const LATE = 2000;

/** The absolute end is warned of at least this long before. */
const ABSOLUTE_WARNING = 20_000;

/** Asked a moment too early, the server would send the page back. */
const MARGIN = 100;

/** @param {Context} context @param {Dialog} dialog @param {() => unknown} onPing @param {() => unknown} onDue */
export const createTiming = (context, dialog, onPing, onDue) => {
  let pingTimer = 0, dueTimer = 0;

  /**
   * Sets the next ping. Set from the answer to the last one: such a timer is not throttled in a hidden tab.
   *
   * @param {number} [retry]
   */
  const schedulePing = retry => {
    clearTimeout(pingTimer);
    if (!context._page || context._phase === 'ended') return;
    const { pingEveryMs = 60_000, state = '', countdown = false } = context._status ?? {};
    // While the server's own handlers decide, it has to be asked again soon, even by a page that keeps quiet.
    const isDeciding = state === 'timedOut' && !countdown;
    if (retry === undefined && context._settings.keepAlive === 'off' && !isDeciding) return;
    pingTimer = later(onPing, retry ?? pingEveryMs * (0.9 + Math.random() / 10));
  };

  /** Looks again when something is due: the clock's next step, or a moment about which the server is asked. Never while hidden. */
  const scheduleDue = () => {
    clearTimeout(dueTimer);
    const status = context._status;
    if (doc.hidden || !context._attached || !status) return;
    const { timeoutInMs, endsInMs, endsBy, countdownMs } = status;
    const warnInMs = endsBy === 'AbsoluteTimeout' && endsInMs !== null && !context._warning ? endsInMs - ABSOLUTE_WARNING : null;
    const passed = since(context._received), left = context._left();
    const due = Math.min(...[timeoutInMs, endsInMs, countdownMs, warnInMs]
      .map(ms => ms === null ? Infinity : ms && passed < ms + MARGIN ? ms + MARGIN - passed : 1000));
    const wait = left ? Math.min(due, left % (left > 60_000 ? 60_000 : 1000) + 20) : due;
    if (wait === Infinity) return;
    const set = now();
    dueTimer = later(() => {
      // While the server cannot be reached the ping timer asks, at its own growing distance.
      if (!context._failures && (wait === due || since(set) > wait + LATE)) onDue();
      else dialog._render();
      scheduleDue();
    }, wait);
  };

  return {
    _schedulePing: schedulePing,
    _scheduleDue: scheduleDue,
    _stop: () => {
      clearTimeout(pingTimer);
      clearTimeout(dueTimer);
    },
  };
};

/**
 * What the user does, and when the server is told of it.
 *
 * @import { Context } from './context.js'
 * @import { Moment } from './clock.js'
 * @typedef {ReturnType<typeof createActivity>} Activity
 */
import { later, now, since } from './clock.js';

/** A click ends a while after its press: what the app asks for then tells of the user, too. */
const PRESS = 250;

/** @param {Context} context @param {() => unknown} onReport */
export const createActivity = (context, onReport) => {
  let timer = 0, pointer = '';

  const cancelReport = () => {
    clearTimeout(timer);
    timer = 0;
  };

  /** Reports soon after a pause, then at most every quarter of the timeout. @param {number} least */
  const scheduleReport = least => {
    const pace = Math.min(30_000, activity._idleLimit / 4);
    timer ||= later(() => {
      timer = 0;
      if (!activity._input || context._warning === 'warning') return;
      // A request of the app probably tells the server. If its answer does not say so, the next report is due.
      if (activity._covered === activity._input) {
        activity._covered = null;
        scheduleReport(pace);
      } else {
        onReport();
      }
    }, Math.max(least, pace - since(activity._reported)));
  };

  /** Whether a sign of the user tells more than the last one. */
  const isWanted = () => context._attached && context._warning !== 'warning' && !(activity._input && since(activity._input) < 1000);

  const activity = {
    /** The last thing the user did that the server was not told of. */
    _input: /** @type {Moment | null} */ (null),
    /** The one that a request of the app is probably telling. */
    _covered: /** @type {Moment | null} */ (null),
    /** When the server last heard of the user, or a report was sent. */
    _reported: now(),
    /** The timeout of the session, as far as it is known. */
    _idleLimit: Infinity,
    /** The user asked to stay, and the server has not confirmed it. */
    _staying: /** @type {PromiseWithResolvers<boolean> | null} */ (null),

    _cancelReport: cancelReport,

    /** The user is here. */
    _active: () => {
      if (!isWanted()) return;
      activity._input = now();
      scheduleReport(PRESS);
    },

    /** @param {Event & Partial<PointerEvent> & { target: any }} event */
    _observe: ({ type, isTrusted, screenX, screenY, target }) => {
      if (!isTrusted || !isWanted()) return;
      if (type === 'pointermove') {
        // Browsers fire it without movement, when something moves below the pointer.
        const at = `${screenX} ${screenY}`, isStill = at === pointer || !pointer;
        pointer = at;
        if (isStill) return;
      }
      // A film that repeats itself without a sound is decoration.
      if (type === 'timeupdate' && (target.paused || target.loop && target.muted)) return;
      activity._active();
    },
  };
  return activity;
};

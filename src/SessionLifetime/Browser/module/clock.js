/**
 * Elapsed time and timers.
 *
 * @typedef {{ ticks: number, wall: number }} Moment
 */

/** This moment, or one before it. @returns {Moment} */
export const now = (ago = 0) => ({ ticks: performance.now() - ago, wall: Date.now() - ago });

/**
 * The milliseconds since a moment. One clock may stand still during sleep, the other may be set by the user; the longer span is safe:
 * the page at worst asks the server too early.
 *
 * @param {Moment} then
 */
export const since = then => Math.max(performance.now() - then.ticks, Date.now() - then.wall);

/** A timer; beyond 2^31 ms setTimeout would fire at once. @param {() => unknown} action @param {number} ms */
export const later = (action, ms) => setTimeout(action, Math.min(ms, 2 ** 31 - 1));

/** @param {number} ms */
export const delay = ms => new Promise(resolve => setTimeout(resolve, ms));

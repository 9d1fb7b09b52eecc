/**
 * Listens to the page: it is shown, hidden, frozen, left, restored; and its user does something.
 *
 * @import { Activity } from './activity.js'
 * @import { Attachment } from './attachment.js'
 * @import { Context } from './context.js'
 * @import { Signals } from './signals.js'
 * @import { Timing } from './timing.js'
 */
import { since } from './clock.js';

/**
 * @param {Context} context
 * @param {Timing} timing
 * @param {Activity} activity
 * @param {Signals} signals
 * @param {Attachment} attachment
 */
export const listen = (context, timing, activity, signals, attachment) => {
  /** @param {EventTarget} target @param {string} types @param {(event: any) => unknown} action */
  const on = (target, types, action) => types.split(' ').forEach(type => {
    target.addEventListener(type, action, { signal: context._stopped.signal, capture: true, passive: true });
  });

  /** Catches up with what the page may have missed. */
  const wake = () => {
    if (!context._page || context._phase === 'ended') return;
    timing._scheduleDue();
    if (document.hidden) {
      activity._cancelReport();
      if (activity._input) signals._report();
    } else if (!context._attached) {
      if (!attachment._startup) attachment._attach();
    } else if (context._failures || since(context._received) > 1000) {
      signals._check();
    }
  };

  // No "scroll": scripts cause it too. A user who scrolls also touches, turns a wheel or presses a key.
  on(window, 'pointerdown pointermove keydown wheel touchstart input', activity._observe);
  on(window, 'pagehide', ({ persisted }) => attachment._leave(persisted));
  on(window, 'pageshow', ({ persisted }) => persisted && !context._page && context._phase !== 'ended' && attachment._begin(true));
  on(window, 'focus online pageshow', wake);
  on(document, 'resume visibilitychange', wake);
};

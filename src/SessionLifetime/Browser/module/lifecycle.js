/**
 * Listens to the page: it is shown, hidden, frozen, left, restored; and its user does something.
 *
 * @import { Activity } from './activity.js'
 * @import { Attachment } from './attachment.js'
 * @import { Context } from './context.js'
 * @import { Dialog } from './dialog.js'
 * @import { Signals } from './signals.js'
 * @import { Timing } from './timing.js'
 */
import { since } from './clock.js';
import { watchWindows } from './frames.js';
import { doc, isFirefox } from './page.js';

/**
 * @param {Context} context
 * @param {Dialog} dialog
 * @param {Timing} timing
 * @param {Activity} activity
 * @param {Signals} signals
 * @param {Attachment} attachment
 */
export const listen = (context, dialog, timing, activity, signals, attachment) => {
  /** @param {EventTarget} target @param {string} types @param {(event: any) => unknown} action */
  const on = (target, types, action) => types.split(' ').forEach(type => {
    target.addEventListener(type, action, { signal: context._stopped.signal, capture: true, passive: true });
  });

  /** Catches up with what the page may have missed. */
  const wake = () => {
    if (!context._page || context._phase === 'ended') return;
    timing._scheduleDue();
    if (doc.hidden) {
      activity._cancelReport();
      if (activity._input) signals._report();
    } else if (!context._attached) {
      if (!context._startup) attachment._attach();
    } else if (context._failures || since(context._received) > 1000) {
      signals._check();
    }
  };

  /** A page whose session has ended says so whenever it is seen again. */
  const tell = () => {
    if (context._phase !== 'ended' || doc.hidden) return;
    dialog._showing = context._tellsEnd;
    dialog._render();
  };

  // No "scroll": scripts cause it too. A user who scrolls also touches, turns a wheel or presses a key.
  const signs = `pointerdown pointermove keydown wheel touchstart input drop${context._settings.media === 'on' ? ' timeupdate' : ''}`;
  watchWindows(on, signs, activity._observe);
  // A page that Firefox has kept for Back sees its tab's storage as it was when it was left: another session than the tab has now. With this it keeps none.
  if (isFirefox) on(window, 'unload', () => {});
  on(window, 'pagehide', ({ persisted }) => attachment._leave(persisted));
  on(window, 'pageshow', ({ persisted }) => {
    if (!persisted) return;
    if (!context._page) attachment._begin(true);
    tell();
  });
  on(window, 'focus online pageshow', wake);
  on(doc, 'resume visibilitychange', wake);
  on(doc, 'visibilitychange', tell);
};

/**
 * SessionLifetime for apps of many pages: the page that is being left tells the server whose the next one is.
 * A one-time token is written into a cookie in the last moment before a navigation, and is worth that one request.
 *
 * @import { Status } from '../session-lifetime.js'
 */
import { doc } from './page.js';
import { listenForNavigation, loadAgain, setAnswered } from './relay-leave.js';
import { firstToken, isFormAnswer, path, renderedFor } from './relay-tag.js';
import { controller, fillTokens, hasTokens, keepTokens, startWith } from './relay-tokens.js';

const RELOADED = `session-lifetime reloaded ${path}`;

let isVerified = false;

/** @template T @param {(store: Storage) => T} use */
const storage = use => {
  try {
    return use(sessionStorage);
  } catch { /* Blocked. */ }
};

/** The session whose page this is: which it was rendered for, or, where it was rendered for none, which began with it. */
let shownFor = renderedFor;

/** Whether the browser shows its own copy, for Back: the first page of a tab was rendered before there was a session. */
const isOldCopy = () => {
  const [entry] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType('navigation'));
  return entry?.type === 'back_forward' && !entry.transferSize;
};

/** What a page shows that was rendered for another tab is not this tab's. @param {Status} status @param {boolean} wasResumed */
const verify = async (status, wasResumed) => {
  const session = controller();
  if (!session || shownFor === undefined || shownFor === status.session || !shownFor && (!wasResumed || isOldCopy())) {
    storage(store => store.removeItem(RELOADED));
    if (shownFor === '') shownFor = status.session;
    return;
  }
  const detail = { renderedFor: shownFor || null, session: status.session };
  const event = new CustomEvent('sessionlifetime:mismatch', { detail, cancelable: true, bubbles: true });
  session.dispatchEvent(event);
  doc.dispatchEvent(event);
  // Once: where cookies are off, it would come back the same. And never the answer to a form.
  if (event.defaultPrevented || isFormAnswer || !storage(store => store.getItem(RELOADED) === null)) return;
  await fillTokens();
  if (!hasTokens()) return;
  storage(store => store.setItem(RELOADED, '1'));
  loadAgain();
};

/** @param {Status} status @param {boolean} wasResumed whether the tab had the session before */
const begin = (status, wasResumed) => {
  const filled = fillTokens();
  // The tokens of an id that was replaced are worth nothing.
  controller()?.addEventListener('rotated', keepTokens);
  if (isVerified) return;
  if (firstToken && renderedFor === status.session) startWith(firstToken);
  isVerified = true;
  setAnswered();
  filled.then(() => verify(status, wasResumed)).catch(reportError);
};

if (window === window.top) {
  for (const type of ['started', 'resumed', 'restarted']) {
    doc.addEventListener(/** @type {any} */ (`sessionlifetime:${type}`), ({ detail }) => begin(detail.status, type === 'resumed'));
  }
  // A page that comes back from the back-forward cache is looked at again: the session of its tab may be another by now.
  addEventListener('pageshow', ({ persisted }) => { if (persisted) isVerified = false; });
  for (const type of ['focus', 'online', 'pointerdown', 'keydown']) addEventListener(type, keepTokens, { capture: true, passive: true });
  doc.addEventListener('visibilitychange', keepTokens);
  listenForNavigation();
  const status = controller()?.status;
  if (status) begin(status, false);
}

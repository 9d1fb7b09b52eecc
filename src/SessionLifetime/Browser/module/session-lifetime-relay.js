/**
 * SessionLifetime for apps of many pages: the page that is being left tells the server whose the next one is.
 * A one-time token is written into a cookie in the last moment before a navigation, and is worth that one request.
 *
 * @import { Status } from '../session-lifetime.js'
 */
import { doc } from './page.js';
import { eraseCookie, hashOf, writeAway, writeCookie } from './relay-cookie.js';
import { firstToken, isFormAnswer, isReturn, path, renderedFor } from './relay-tag.js';
import { controller, fillTokens, hasTokens, keepTokens, startWith, takeToken } from './relay-tokens.js';

/** iOS fires no beforeunload; the events that tell of a navigation there do not know reload and typed addresses. */
const lacksBeforeUnload = /iP(hone|ad|od)/.test(navigator.userAgent) || navigator.vendor.startsWith('Apple') && navigator.maxTouchPoints > 1;

/** A page that is still there after this was not left: a download, mailto:, a user who stayed. */
const STAYED = 2000;

const RELOADED = `session-lifetime reloaded ${path}`;

let isVerified = false;

// ---- The page is left

/** The address that a link or a form leads to, where the browser says so beforehand; and whether it is another site's. */
let target = 0, isForeign = false, targeted = -Infinity;

/** @param {string} url */
const leadsAway = url => {
  try {
    const to = new URL(url, doc.baseURI);
    return to.origin !== location.origin || !/^http/.test(to.protocol);
  } catch {
    return true;
  }
};

const tokenToLeave = () => {
  const session = controller();
  // It names its session, so that nobody else can say so.
  if (session?.state === 'ended') return `ended${session.reason ? `-${session.reason}` : ''}.${session.status?.session ?? ''}`;
  if (hasTokens()) return takeToken();
  // Before the module has been answered, the page is all that says whose it is.
  return isVerified ? undefined : firstToken;
};

const onLeave = () => {
  const isKnown = performance.now() - targeted < 1000;
  targeted = -Infinity;
  // Elsewhere the token is of no use, and whoever is there could come back with it.
  if (isKnown && isForeign) return writeAway();
  const token = tokenToLeave();
  if (!token) return;
  writeCookie(token, isKnown ? target : 0);
  setTimeout(() => {
    eraseCookie();
    keepTokens();
  }, STAYED);
};

/** No other event tells of a download. The page stays, and its next one may follow at once. */
const onDownload = () => {
  onLeave();
  fillTokens();
};

// ---- The page has come

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

const loadAgain = () => {
  if (lacksBeforeUnload) onLeave();
  location.reload();
};

/** The tab has come from another site. */
const goOn = async () => {
  if (await controller()?.ready) await fillTokens();
  loadAgain();
};

/** @param {Status} status @param {boolean} wasResumed whether the tab had the session before */
const begin = (status, wasResumed) => {
  const filled = fillTokens();
  if (isVerified || isReturn) return;
  if (firstToken && renderedFor === status.session) startWith(firstToken);
  isVerified = true;
  filled.then(() => verify(status, wasResumed)).catch(reportError);
};

// ---- Listening

const listenForNavigation = () => {
  const { navigation } = /** @type {any} */ (window);
  navigation?.addEventListener('navigate', (/** @type {any} */ { destination, hashChange, downloadRequest }) => {
    if (hashChange) return;
    [target, isForeign, targeted] = [hashOf(destination.url), leadsAway(destination.url), performance.now()];
    if (downloadRequest !== null) onDownload();
    else if (lacksBeforeUnload) onLeave();
  });
  if (!lacksBeforeUnload) addEventListener('beforeunload', onLeave);
  if (!navigation) listenForClicks();
};

/** Heard after the app's own listeners, which may prevent the navigation. */
const listenForClicks = () => {
  addEventListener('click', event => {
    const link = event.composedPath().find(node => node instanceof HTMLAnchorElement && node.href);
    const opensElsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!(link instanceof HTMLAnchorElement) || opensElsewhere || event.defaultPrevented) return;
    if (leadsAway(link.href)) return;
    if (link.hasAttribute('download')) onDownload();
    else if (lacksBeforeUnload && /^(_self)?$/.test(link.target)) onLeave();
  });
  if (!lacksBeforeUnload) return;
  addEventListener('submit', event => {
    const to = event.submitter?.getAttribute('formaction') || Element.prototype.getAttribute.call(event.target, 'action');
    if (!event.defaultPrevented && !(to && leadsAway(to))) onLeave();
  });
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
  if (isReturn) addEventListener('DOMContentLoaded', goOn);
  const status = controller()?.status;
  if (status) begin(status, false);
}

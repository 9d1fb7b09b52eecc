/**
 * SessionLifetime for apps of many pages: the page that is being left tells the server whose the next one is.
 * A one-time token is written into a cookie in the last moment before a navigation, and is worth that one request.
 *
 * @import { Status } from '../session-lifetime.js'
 */
import { eraseCookie, hashOf, writeCookie } from './relay-cookie.js';
import { firstToken, isFormAnswer, path, renderedFor } from './relay-tag.js';
import { controller, fillTokens, hasTokens, keepTokens, serverSeconds, startWith, takeToken } from './relay-tokens.js';

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
    return new URL(url, document.baseURI).origin !== location.origin;
  } catch {
    return true;
  }
};

const tokenToLeave = () => {
  const session = controller();
  if (session?.state === 'ended') return session.status && `ended.${session.reason ?? ''}.${session.status.session}.${serverSeconds()}`;
  if (hasTokens()) return takeToken();
  // Before the module has been answered, the page is all that says whose it is.
  return isVerified ? undefined : firstToken;
};

const onLeave = () => {
  const isKnown = performance.now() - targeted < 1000;
  targeted = -Infinity;
  // Elsewhere the token is of no use, and whoever is there could come back with it.
  if (isKnown && isForeign) return;
  const token = tokenToLeave();
  if (!token) return;
  writeCookie(token, isKnown ? target : 0);
  setTimeout(() => {
    eraseCookie();
    keepTokens();
  }, STAYED);
};

// ---- The page has come

/** @template T @param {(store: Storage) => T} use */
const storage = use => {
  try {
    return use(sessionStorage);
  } catch { /* Blocked. */ }
};

/** What a page shows that was rendered for another tab is not this tab's. @param {Status} status @param {boolean} wasResumed */
const verify = async (status, wasResumed) => {
  const session = controller();
  if (!session || renderedFor === undefined || renderedFor === status.session || !renderedFor && !wasResumed) {
    storage(store => store.removeItem(RELOADED));
    return;
  }
  const detail = { renderedFor: renderedFor || null, session: status.session };
  const event = new CustomEvent('sessionlifetime:mismatch', { detail, cancelable: true, bubbles: true });
  session.dispatchEvent(event);
  document.dispatchEvent(event);
  // Once: where cookies are off, it would come back the same. And never the answer to a form.
  if (event.defaultPrevented || isFormAnswer || !storage(store => store.getItem(RELOADED) === null)) return;
  await fillTokens();
  if (!hasTokens()) return;
  storage(store => store.setItem(RELOADED, '1'));
  if (lacksBeforeUnload) onLeave();
  location.reload();
};

/** @param {Status} status @param {boolean} wasResumed whether the tab had the session before */
const begin = (status, wasResumed) => {
  const filled = fillTokens();
  if (isVerified) return;
  if (firstToken && renderedFor === status.session) startWith(firstToken);
  isVerified = true;
  filled.then(() => verify(status, wasResumed)).catch(reportError);
};

// ---- Listening

const listenForNavigation = () => {
  const { navigation } = /** @type {any} */ (window);
  navigation?.addEventListener('navigate', (/** @type {any} */ { destination, hashChange, downloadRequest }) => {
    if (hashChange || downloadRequest !== null) return;
    [target, isForeign, targeted] = [hashOf(destination.url), leadsAway(destination.url), performance.now()];
    if (lacksBeforeUnload) onLeave();
  });
  if (!lacksBeforeUnload) addEventListener('beforeunload', onLeave);
  else if (!navigation) listenForClicks();
};

/** Heard after the app's own listeners, which may prevent the navigation. */
const listenForClicks = () => {
  addEventListener('click', event => {
    const link = event.composedPath().find(node => node instanceof HTMLAnchorElement && node.href);
    const opensElsewhere = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (!(link instanceof HTMLAnchorElement) || opensElsewhere || link.download || event.defaultPrevented) return;
    if (/^(_self)?$/.test(link.target) && !leadsAway(link.href)) onLeave();
  });
  addEventListener('submit', event => {
    const to = event.submitter?.getAttribute('formaction') || /** @type {HTMLFormElement} */ (event.target).getAttribute('action');
    if (!event.defaultPrevented && !(to && leadsAway(to))) onLeave();
  });
};

if (window === window.top) {
  for (const type of ['started', 'resumed', 'restarted']) {
    document.addEventListener(/** @type {any} */ (`sessionlifetime:${type}`), ({ detail }) => begin(detail.status, type === 'resumed'));
  }
  // A page that comes back from the back-forward cache is looked at again: the session of its tab may be another by now.
  addEventListener('pageshow', ({ persisted }) => { if (persisted) isVerified = false; });
  for (const type of ['focus', 'online', 'pointerdown', 'keydown']) addEventListener(type, keepTokens, { capture: true, passive: true });
  document.addEventListener('visibilitychange', keepTokens);
  listenForNavigation();
  const status = controller()?.status;
  if (status) begin(status, false);
}

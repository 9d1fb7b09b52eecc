/** When the page is left: its last act is to write the cookie. */
import { doc } from './page.js';
import { eraseCookie, hashOf, writeCookie } from './relay-cookie.js';
import { firstToken } from './relay-tag.js';
import { controller, fillTokens, hasTokens, keepTokens, serverSeconds, takeToken } from './relay-tokens.js';

/** iOS fires no beforeunload; the events that tell of a navigation there do not know reload and typed addresses. */
const lacksBeforeUnload = /iP(hone|ad|od)/.test(navigator.userAgent) || navigator.vendor.startsWith('Apple') && navigator.maxTouchPoints > 1;

/** A page that is still there after this was not left: a download, mailto:, a user who stayed. */
const STAYED = 2000;

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

/** Whether the module has been answered. */
let isAnswered = false;

export const setAnswered = () => { isAnswered = true; };

const tokenToLeave = () => {
  const session = controller();
  if (session?.state === 'ended') return session.status && `ended.${session.reason ?? ''}.${session.status.session}.${serverSeconds()}`;
  if (hasTokens()) return takeToken();
  // Before the module has been answered, the page is all that says whose it is. Afterwards another tab's cookie must not be taken for this one's.
  return !isAnswered ? firstToken : Object.keys(session?.headers() ?? {}).length > 1 && `lost.${serverSeconds()}`;
};

let erasing = 0;

const onLeave = () => {
  const isKnown = performance.now() - targeted < 1000;
  targeted = -Infinity;
  // Elsewhere the token is of no use, and whoever is there could come back with it.
  if (isKnown && isForeign) return;
  const token = tokenToLeave();
  if (!token) return;
  writeCookie(token, isKnown ? target : 0);
  // Not what the one before it would have erased: that may be this one's.
  clearTimeout(erasing);
  erasing = setTimeout(() => {
    eraseCookie();
    keepTokens();
  }, STAYED);
};

/** No other event tells of a download. The page stays, and its next one may follow at once. */
const onDownload = () => {
  onLeave();
  fillTokens();
};

/** Loads the page anew, with its session. */
export const loadAgain = () => {
  if (lacksBeforeUnload) onLeave();
  location.reload();
};

export const listenForNavigation = () => {
  const { navigation } = /** @type {any} */ (window);
  navigation?.addEventListener('navigate', (/** @type {any} */ { destination, hashChange, downloadRequest }) => {
    if (hashChange) return;
    const { url } = destination;
    [target, isForeign, targeted] = [hashOf(url), leadsAway(url), performance.now()];
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


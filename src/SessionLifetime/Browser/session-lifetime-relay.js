/**
 * SessionLifetime for apps of many pages: the page that is being left tells the server whose the next one is.
 * A one-time token lies ready; it is written into a cookie in the last moment before a navigation, and is worth that one request.
 *
 * @import { Controller, Status } from './session-lifetime.d.ts'
 */

/** Where the module keeps the controller of this page. */
const KEY = Symbol.for('session-lifetime');

/** iOS fires no beforeunload; what tells of a navigation there knows nothing of reload and typed addresses. */
const silent = /iP(hone|ad|od)/.test(navigator.userAgent) || navigator.vendor.startsWith('Apple') && navigator.maxTouchPoints > 1;

/** One cookie for each page, so that two tabs that leave at the same moment do not overwrite each other. */
const FAMILY = 'SessionLifetime.Relay.';
const name = FAMILY + [...crypto.getRandomValues(new Uint32Array(2))].map(part => part.toString(36)).join('');

/** How long a request may take to leave after its cookie was written; mostly its answer takes the cookie away long before. */
const LEAVING = 500;

/** A page that is still there after this was not left: a download, mailto:, somebody who stayed. */
const STAYED = 2000;

const tag = /** @type {HTMLScriptElement | undefined} */ ([...document.scripts].find(script => script.src === import.meta.url && 'sessionLifetimeRelay' in script.dataset));
const { path = '/', renderedFor, answersForm, token: first } = tag?.dataset ?? {};
const suffix = path === '/' ? '' : '~' + encodeURIComponent(path);
const attributes = `;path=${path};samesite=strict${location.protocol === 'https:' ? ';secure' : ''}`;
const RELOADED = `session-lifetime reloaded ${path}`;

/** @returns {Controller | undefined} */
const controller = () => /** @type {any} */ (window)[KEY];
const id = () => JSON.stringify(controller()?.headers());

// ---- The stock of tokens

/** @type {string[]} */
let stock = [];
let fetched = 0, life = 600_000, owner = '';
/** @type {Promise<void> | null} */
let filling = null;
let timer = 0;

/** A browser that takes no cookies is given none. */
let none = false;

/** @param {number} part of their life */
const young = part => Date.now() - fetched < life * part && owner === id();

/** @param {number} part of their life */
const fresh = part => stock.length > 0 && young(part);

/** Whether there is nothing to ask for yet. */
const enough = () => none ? young(0.1) : fresh(0.5);

const fill = () => filling ??= (async () => {
  const session = controller();
  clearTimeout(timer);
  // A page that is back from the back-forward cache has no name yet, and asks when it has one.
  if (!session?.status || session.state === 'ended' || Object.keys(session.headers()).length < 2) return;
  const asker = id(), at = Date.now();
  try {
    const answer = await session.fetch(new URL('relay', import.meta.url), { method: 'POST', cache: 'no-store' });
    if (!answer.ok) return;
    const { tokens, expiresInMs } = await answer.json();
    [stock, fetched, life, owner, none] = [tokens, at, expiresInMs, asker, !tokens.length];
  } catch { /* Not reached: asked again below. */ }
  timer = setTimeout(keep, enough() ? life / (none ? 10 : 2) : 5000);
})().finally(() => { filling = null; });

const keep = () => {
  if (!document.hidden && !enough()) fill();
};

// ---- The last moment

/** The address a link or a form leads to, where the browser says so beforehand; and whether it is another site's. */
let target = 0, foreign = false, targeted = -Infinity;

/** @param {string} url */
const isForeign = url => {
  try {
    return new URL(url, document.baseURI).origin !== location.origin;
  } catch {
    return true;
  }
};

/** The last segment and the query, as the server computes it (FNV-1a); 0 for neither. @param {string} url */
const hash = url => {
  const { pathname, search } = new URL(url, document.baseURI);
  const text = pathname.slice(pathname.lastIndexOf('/') + 1) + search;
  return text ? [...text].reduce((sum, character) => Math.imul(sum ^ character.charCodeAt(0), 16777619) >>> 0, 2166136261) : 0;
};

/** Cookies that other pages wrote so recently that their requests may not have left, for the same address or an unknown one. @param {number} to */
const rivals = to => document.cookie.split('; ').flatMap(cookie => {
  const [key, value = ''] = cookie.split('=');
  const [, time, where] = value.split('~');
  const at = Number(time), other = parseInt(where, 16);
  return key.startsWith(FAMILY) && key !== name && Math.abs(Date.now() - at) < LEAVING && (!to || !other || to === other) ? [{ key, at }] : [];
});

const erase = () => { document.cookie = `${name}=;max-age=0${attributes}`; };

/**
 * Writes the token. The server takes the newest of several cookies for the request's own, which is right where no two requests leave
 * at the same moment: so a page waits until the other's has left, and of two that wrote at once the later steps back.
 *
 * @param {string} token @param {number} to
 */
const leave = (token, to) => {
  const patience = performance.now() + LEAVING;
  for (;;) {
    while (rivals(to).length && performance.now() < patience);
    const at = Date.now();
    document.cookie = `${name}=${token}~${at}~${to.toString(16)}${suffix};max-age=5${attributes}`;
    const earlier = rivals(to).some(rival => rival.at < at || rival.at === at && rival.key < name);
    if (!earlier || performance.now() >= patience) return;
    erase();
  }
};

const onLeave = () => {
  const session = controller(), isKnown = performance.now() - targeted < 1000;
  targeted = -Infinity;
  // Elsewhere it is of no use, and whoever is there could come back with it.
  if (isKnown && foreign) return;
  // Before the module has been answered, the page is all that says whose it is.
  const token = session?.state === 'ended' ? session.reason ? `ended-${session.reason}` : 'ended' : fresh(1) ? stock.shift() : verified ? undefined : first;
  if (!token) return;
  leave(token, isKnown ? target : 0);
  setTimeout(() => {
    erase();
    keep();
  }, STAYED);
};

// ---- The page that has come

/** What a page shows that was rendered for another tab is not this tab's. @param {Status} status @param {boolean} was whether the tab had the session before */
const verify = async (status, was) => {
  const session = controller();
  if (!session || renderedFor === undefined || renderedFor === status.session || !renderedFor && !was) {
    storage(store => store.removeItem(RELOADED));
    return;
  }
  const detail = { renderedFor: renderedFor || null, session: status.session };
  const event = new CustomEvent('sessionlifetime:mismatch', { detail, cancelable: true, bubbles: true });
  session.dispatchEvent(event);
  document.dispatchEvent(event);
  // Once: where cookies are off, it would come back the same. And never a form.
  if (event.defaultPrevented || answersForm !== undefined || !storage(store => store.getItem(RELOADED) === null)) return;
  await fill();
  if (!fresh(1)) return;
  storage(store => store.setItem(RELOADED, '1'));
  if (silent) onLeave();
  location.reload();
};

/** @template T @param {(store: Storage) => T} use */
const storage = use => {
  try {
    return use(sessionStorage);
  } catch { /* Blocked. */ }
};

// ---- Listening

let verified = false;

/** @param {Status} status @param {boolean} was */
const begin = (status, was) => {
  const filled = fill();
  if (verified) return;
  if (first && renderedFor === status.session) [stock, fetched, owner] = [[first], Date.now(), id()];
  verified = true;
  filled.then(() => verify(status, was)).catch(reportError);
};

if (window === window.top) {
  for (const type of ['started', 'resumed', 'restarted']) {
    document.addEventListener(/** @type {any} */ (`sessionlifetime:${type}`), ({ detail }) => begin(detail.status, type === 'resumed'));
  }
  // A page that comes back from the back-forward cache is looked at again: the session of its tab may be another by now.
  addEventListener('pageshow', ({ persisted }) => { if (persisted) verified = false; });
  for (const type of ['focus', 'online', 'pointerdown', 'keydown']) addEventListener(type, keep, { capture: true, passive: true });
  document.addEventListener('visibilitychange', keep);
  const { navigation } = /** @type {any} */ (window);
  navigation?.addEventListener('navigate', (/** @type {any} */ { destination, hashChange, downloadRequest }) => {
    if (hashChange || downloadRequest !== null) return;
    [target, foreign, targeted] = [hash(destination.url), isForeign(destination.url), performance.now()];
    if (silent) onLeave();
  });
  if (!silent) addEventListener('beforeunload', onLeave);
  else if (!navigation) {
    // Heard after the app's own listeners, which may have other plans.
    addEventListener('click', event => {
      const link = event.composedPath().find(node => node instanceof HTMLAnchorElement && node.href);
      const other = event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
      if (link instanceof HTMLAnchorElement && !other && !link.download && !event.defaultPrevented && /^(_self)?$/.test(link.target) && !isForeign(link.href)) onLeave();
    });
    addEventListener('submit', event => {
      const to = event.submitter?.getAttribute('formaction') || /** @type {HTMLFormElement} */ (event.target).getAttribute('action');
      if (!event.defaultPrevented && !(to && isForeign(to))) onLeave();
    });
  }
  const session = controller();
  if (session?.status) begin(session.status, false);
}

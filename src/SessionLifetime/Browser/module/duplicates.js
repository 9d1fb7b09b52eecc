/**
 * Finds out whether another page has the same tab id, which a duplicated tab copies.
 *
 * @import { Identity } from './identity.js'
 * @import { Settings } from './settings.js'
 */
import { doc, outermost } from './page.js';

/** How long other pages have to object on the channel. */
const OBJECTION = 150;

/** Firefox does not keep a page for Back that holds a lock when it is left; pagehide is too late to release it. */
const keepsNoLocks = CSS.supports('-moz-appearance', 'none');

/** How long a page there waits for its tab: the page before it may be given the lock while it is left, and has it until it is gone. */
const PATIENCE = 500;

/** How soon a page that was not left after all, but for a download for example, claims its tab again. */
const LEAVING = 2000;

/** @param {Settings} settings @param {Identity} identity */
export const createTabClaim = ({ _key, duplicateDetection }, identity) => {
  let release = () => {}, loosen = () => {};

  /** @param {string} name @param {string} page @param {boolean} back @param {(isOwn: boolean) => void} resolve */
  const lock = (name, page, back, resolve) => {
    let isLoose = false;
    if (back) resolve(true);
    navigator.locks.request(name, back ? {} : keepsNoLocks ? { signal: AbortSignal.timeout(PATIENCE) } : { ifAvailable: true }, held => {
      resolve(!!held);
      if (held && page === identity._page && !isLoose) return new Promise(done => { release = () => done(0); });
    }).catch(error => resolve(error.name !== 'TimeoutError'));
    if (keepsNoLocks) loosen = () => {
      isLoose = true;
      release();
      setTimeout(() => { if (page === identity._page) lock(name, page, false, () => {}); }, LEAVING);
    };
  };

  /** @param {string} name @param {string} page @param {boolean} back @param {(isOwn: boolean) => void} resolve */
  const ask = (name, page, back, resolve) => {
    const channel = new BroadcastChannel(name);
    release = () => channel.close();
    let isOwn = back;
    channel.onmessage = ({ data }) => {
      const { asks, taken } = data ?? {};
      // Of two pages that ask at the same time the smaller id wins.
      if (asks && (isOwn || page < asks)) channel.postMessage({ taken: asks });
      if (taken === page && !isOwn) {
        channel.close();
        resolve(false);
      }
    };
    channel.postMessage({ asks: page });
    setTimeout(() => resolve(isOwn = true), OBJECTION);
  };

  return {
    /**
     * Claims the tab id for a page, as long as it lives; false if another page has it. A page from the back-forward cache is no copy, although
     * the page it replaces may not have left yet.
     *
     * @param {string} tab @param {string} page @param {boolean} back @returns {Promise<boolean>}
     */
    _claim: (tab, page, back) => new Promise(resolve => {
      if (duplicateDetection === 'off' || outermost(window) !== window) return resolve(true);
      // Blazor does not pause a circuit while a lock is held.
      const canLock = navigator.locks && duplicateDetection !== 'channel'
        && (duplicateDetection === 'lock' || !doc.querySelector('[src*="/blazor."]'));
      (canLock ? lock : ask)(`${_key} ${tab}`, page, back, resolve);
    }),
    _release: () => release(),
    /** The page is about to be left, perhaps. */
    _loosen: () => loosen(),
  };
};

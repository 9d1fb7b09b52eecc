/**
 * Finds out whether another page has the same tab id, which a duplicated tab copies.
 *
 * @import { Identity } from './identity.js'
 * @import { Settings } from './settings.js'
 */
import { doc, outermost } from './page.js';

/** How long other pages have to object on the channel. */
const OBJECTION = 150;

/** How much later than asked for a timer may come until the machine counts as busy, and how often the others are given their time again then. */
const LATE = 50;
const AGAIN = 4;

/** How long a page waits for its tab: the page before it may have the lock until it is gone. */
const PATIENCE = 1000;

/**
 * Gives the others their time. Where this page's own timer comes late, they have had none.
 *
 * @param {number} time @param {() => void} done
 */
const patiently = (time, done, left = AGAIN, from = performance.now()) => {
  setTimeout(() => left && performance.now() - from > time + LATE ? patiently(time, done, left - 1) : done(), time);
};

/** @param {Settings} settings @param {Identity} identity */
export const createTabClaim = ({ _key, duplicateDetection }, identity) => {
  let release = () => {};

  /** @param {string} name @param {string} page @param {boolean} back @param {(isOwn: boolean) => void} resolve */
  const lock = (name, page, back, resolve) => {
    const waiting = new AbortController();
    if (back) resolve(true);
    else patiently(PATIENCE, () => waiting.abort());
    navigator.locks.request(name, { signal: waiting.signal }, () => {
      resolve(true);
      if (page === identity._page) return new Promise(done => { release = () => done(0); });
    }).catch(() => resolve(!waiting.signal.aborted));
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
    patiently(OBJECTION, () => resolve(isOwn = true));
  };

  return {
    /**
     * Claims the tab id for a page, as long as it lives; false if another page has it. A page from the back-forward cache is no copy, although
     * the page it replaces may not have left yet. Nor is one whose browser blocks what a page asks with: storage is blocked with it.
     *
     * @param {string} tab @param {string} page @param {boolean} back @returns {Promise<boolean>}
     */
    _claim: (tab, page, back) => new Promise(resolve => {
      if (duplicateDetection === 'off' || outermost(window) !== window) return resolve(true);
      // Blazor does not pause a circuit while a lock is held.
      const canLock = navigator.locks && duplicateDetection !== 'channel'
        && (duplicateDetection === 'lock' || !doc.querySelector('[src*="/blazor."]'));
      (canLock ? lock : ask)(`${_key} ${tab}`, page, back, resolve);
    }).catch(() => true),
    _release: () => release(),
  };
};

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
 * @param {number} time @param {() => void} done @returns {() => void} what ends the wait
 */
const patiently = (time, done) => {
  let timer = 0;
  const wait = (left = AGAIN, from = performance.now()) => {
    timer = setTimeout(() => left && performance.now() - from > time + LATE ? wait(left - 1) : done(), time);
  };
  wait();
  return () => clearTimeout(timer);
};

/** @param {Settings} settings @param {Identity} identity */
export const createTabClaim = ({ _key, duplicateDetection }, identity) => {
  let release = () => {};

  /** @param {string} name @param {string} page @param {boolean} back @param {(isOwn: boolean) => void} resolve */
  const lock = (name, page, back, resolve) => {
    const waiting = new AbortController();
    let isLate = false;
    const hurry = back ? () => {} : patiently(PATIENCE, () => {
      isLate = true;
      waiting.abort();
    });
    // A page that is left while it waits is given no lock: the next one would wait for it.
    release = () => {
      hurry();
      waiting.abort();
    };
    if (back) resolve(true);
    navigator.locks.request(name, { signal: waiting.signal }, () => {
      hurry();
      resolve(true);
      if (page === identity._page) return new Promise(done => { release = () => done(0); });
    }).catch(() => resolve(!isLate));
  };

  /** @param {string} name @param {string} page @param {boolean} back @param {(isOwn: boolean) => void} resolve */
  const ask = (name, page, back, resolve) => {
    const channel = new BroadcastChannel(name);
    let isOwn = back;
    const hurry = patiently(OBJECTION, () => resolve(isOwn = true));
    release = () => {
      hurry();
      channel.close();
      resolve(true);
    };
    channel.onmessage = ({ data }) => {
      const { asks, taken } = data ?? {};
      // Of two pages that ask at the same time the smaller id wins.
      if (asks && (isOwn || page < asks)) channel.postMessage({ taken: asks });
      if (taken === page && !isOwn) {
        hurry();
        channel.close();
        resolve(false);
      }
    };
    channel.postMessage({ asks: page });
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

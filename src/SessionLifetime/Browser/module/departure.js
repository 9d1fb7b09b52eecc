/**
 * Tells the server that the page is gone.
 *
 * @import { Context } from './context.js'
 * @import { Transport } from './transport.js'
 * @typedef {ReturnType<typeof createDeparture>} Departure
 */

/** @param {Context} context @param {Transport} transport */
export const createDeparture = (context, { _fetch }) => {
  const url = `${context._settings._url}/detach`;
  const { fetchLater } = /** @type {any} */ (window);
  let deferred = new AbortController();

  /** @param {boolean} persisted */
  const body = persisted => JSON.stringify({ id: context._ids.sid, page: context._page, persisted });
  const disarm = () => deferred.abort();

  return {
    /** Leaves the message with the browser, which sends it when the page is gone without a pagehide: after a crash. */
    _arm: () => {
      disarm();
      deferred = new AbortController();
      try {
        fetchLater?.call(window, url, { method: 'POST', body: body(false), credentials: 'include', signal: deferred.signal });
      } catch { /* Over the quota, or forbidden in this frame. */ }
    },
    _disarm: disarm,
    /** @param {boolean} persisted whether the page may come back from the back-forward cache */
    _send: persisted => {
      if ('keepalive' in Request.prototype) {
        _fetch(url, { method: 'POST', body: body(persisted), keepalive: true, credentials: 'include' }).catch(() => {});
      } else {
        navigator.sendBeacon(url, body(persisted));
      }
    },
  };
};

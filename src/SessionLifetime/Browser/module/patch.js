/**
 * Lets `fetch`, `XMLHttpRequest` and `sendBeacon` carry the ids by themselves.
 *
 * @import { Context } from './context.js'
 * @import { Requests } from './requests.js'
 */

/** What goes out while a page is left has to fit into 64 KB, all in all. */
const LONGEST = 60_000;

/** @param {Context} context @param {Requests} requests @param {typeof fetch} nativeFetch */
export const patchRequests = (context, { _fetch, _includes, _carry, _observe }, nativeFetch) => {
  /**
   * A proxy keeps name, length and toString() of the original.
   *
   * @param {any} target @param {string} name @param {(self: any, args: any[], native: (...args: any[]) => any) => any} around
   */
  const wrap = (target, name, around) => {
    const native = target[name];
    const proxy = target[name] = new Proxy(native, {
      apply: (_, self, args) => context._stopped.signal.aborted
        ? Reflect.apply(native, self, args)
        : around(self, args, (...changed) => Reflect.apply(native, self, changed)),
    });
    // Whoever wrapped it later keeps the proxy, which then does nothing.
    context._stopped.signal.addEventListener('abort', () => { if (target[name] === proxy) target[name] = native; });
  };

  wrap(window, 'fetch', (self, args, native) => _fetch(native, .../** @type {[any]} */ (args)));

  // A beacon has no headers, and the server could not tell whose it is.
  if ('keepalive' in Request.prototype) {
    wrap(Navigator.prototype, 'sendBeacon', (self, args, native) => {
      const [url, body] = args;
      const size = body?.size ?? body?.byteLength ?? 3 * `${body}`.length;
      if (!args.length || !_includes(url) || size > LONGEST || body instanceof ReadableStream) return native(...args);
      _fetch(nativeFetch, url, { method: 'POST', body, keepalive: true, credentials: 'include' }).catch(() => {});
      return true;
    });
  }

  /** @type {WeakMap<XMLHttpRequest, { _url: string, _waits: boolean, _hasOwn: boolean, _isWaiting: boolean, _isSent: boolean }>} */
  const opened = new WeakMap();
  const { prototype } = XMLHttpRequest;
  const { setRequestHeader: setHeader, send: sendNow } = prototype;

  /** While it waits, a request has been sent, as far as the app knows: the browser refuses, in its own words. @param {XMLHttpRequest} xhr @param {Function} native @param {any[]} args */
  const refuseWaiting = (xhr, native, args) => {
    if (opened.get(xhr)?._isWaiting) Reflect.apply(native, new XMLHttpRequest(), args);
  };

  wrap(prototype, 'open', (xhr, args, native) => {
    native(...args);
    opened.set(xhr, { _url: args[1], _waits: args.length < 3 || !!args[2], _hasOwn: false, _isWaiting: false, _isSent: false });
  });
  wrap(prototype, 'setRequestHeader', (xhr, args, native) => {
    refuseWaiting(xhr, setHeader, args);
    native(...args);
    const call = opened.get(xhr);
    if (call && `${args[0]}`.toLowerCase() === context._settings.idHeader.toLowerCase()) call._hasOwn = true;
  });
  wrap(prototype, 'abort', (xhr, args, native) => {
    const wasWaiting = opened.get(xhr)?._isWaiting;
    opened.delete(xhr);
    native(...args);
    if (wasWaiting) for (const type of ['abort', 'loadend']) xhr.dispatchEvent(new ProgressEvent(type));
  });
  wrap(prototype, 'send', (xhr, args, native) => {
    refuseWaiting(xhr, sendNow, args);
    const call = opened.get(xhr);
    if (!call || !_includes(call._url)) return native(...args);
    const send = () => {
      // Aborted or opened anew while it waited.
      if (opened.get(xhr) !== call) return;
      call._isWaiting = false;
      const { sid } = context._ids, isForeign = context._settings._isForeign(call._url);
      if (xhr.readyState === 1 && !call._isSent) {
        if (isForeign) xhr.withCredentials = true;
        _carry(call._hasOwn, (name, value) => setHeader.call(xhr, name, value));
        const observe = () => _observe(name => xhr.getResponseHeader(name), xhr.responseURL, true, sid);
        xhr.addEventListener('load', observe, { once: true, signal: context._stopped.signal });
      }
      native(...args);
      call._isSent = true;
    };
    if (!context._startup || !call._waits) return send();
    call._isWaiting = true;
    context._startup.then(send);
  });
};

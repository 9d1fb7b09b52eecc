/**
 * Lets `fetch` and `XMLHttpRequest` carry the ids by themselves.
 *
 * @import { Attachment } from './attachment.js'
 * @import { Context } from './context.js'
 * @import { Requests } from './requests.js'
 */

/** @param {Context} context @param {Attachment} attachment @param {Requests} requests */
export const patchRequests = (context, attachment, { _fetch, _includes, _carry, _observe }) => {
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

  /** @type {WeakMap<XMLHttpRequest, { _url: string, _waits: boolean, _hasOwn: boolean }>} */
  const opened = new WeakMap();
  const { prototype } = XMLHttpRequest;
  const setHeader = prototype.setRequestHeader;

  wrap(window, 'fetch', (self, [input, init], native) => _fetch(native, input, init));
  wrap(prototype, 'open', (xhr, args, native) => {
    native(...args);
    opened.set(xhr, { _url: args[1], _waits: args.length < 3 || !!args[2], _hasOwn: false });
  });
  wrap(prototype, 'setRequestHeader', (xhr, args, native) => {
    const call = opened.get(xhr);
    if (call && `${args[0]}`.toLowerCase() === context._settings.idHeader.toLowerCase()) call._hasOwn = true;
    native(...args);
  });
  wrap(prototype, 'send', (xhr, args, native) => {
    const call = opened.get(xhr);
    if (!call || !_includes(call._url)) return native(...args);
    const send = () => {
      // Aborted or opened anew while it waited.
      if (opened.get(xhr) !== call || xhr.readyState !== 1) return;
      const { sid } = context._ids;
      _carry(call._hasOwn, (name, value) => setHeader.call(xhr, name, value));
      const observe = () => _observe(name => xhr.getResponseHeader(name), xhr.responseURL, xhr.status, sid);
      xhr.addEventListener('load', observe, { once: true, signal: context._stopped.signal });
      native(...args);
    };
    if (attachment._startup && call._waits) attachment._startup.then(send);
    else send();
  });
};

/**
 * Connections that cannot carry a header: WebSockets and event streams, SignalR's among them. The WebSocket offers the session's id as a
 * subprotocol, the event stream gets a one-use ticket; both only to the page's own origin, and that which this module comes from.
 *
 * @import { Controller } from '../session-lifetime.js'
 */
import { KEY, doc } from './page.js';

/** The controller of the page, or of the page around it. @returns {Controller} */
export const current = () => {
  for (let /** @type {any} */ at = window; ; at = at.parent) {
    try {
      if (at[KEY]) return at[KEY];
    } catch { /* Another origin's. */ }
    if (at === at.parent) throw new Error('Start session-lifetime.js before connections are opened.');
  }
};

const own = new Set([location.host, new URL(import.meta.url).host]);

/** @param {string | URL} url */
const isOurs = url => own.has(new URL(url, doc.baseURI).host);

/** A close may be the end of the session: the server knows. */
const ask = () => { current().check(); };

/** A WebSocket of the session. */
export class SessionWebSocket extends WebSocket {
  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols = []) {
    const asked = [protocols].flat();
    super(url, isOurs(url) ? current().protocols(...asked) : asked);
    this.addEventListener('close', ask);
  }
}

/** An EventSource of the session. A ticket works once, so it opens a new stream with a new one where the browser would just come back. */
export class SessionEventSource extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;
  readyState = 0;
  /** @type {((event: Event) => unknown) | null} */
  onopen = null;
  /** @type {((event: MessageEvent) => unknown) | null} */
  onmessage = null;
  /** @type {((event: Event) => unknown) | null} */
  onerror = null;
  /** @type {EventSource | null} */
  #source = null;
  #init;
  #types = new Set(['message']);

  /** @param {string | URL} url @param {EventSourceInit} [init] */
  constructor(url, init = {}) {
    super();
    this.url = new URL(url, doc.baseURI).href;
    this.withCredentials = !!init.withCredentials;
    this.#init = init;
    this.#open();
  }

  /** @param {string} type @param {any} listener @param {any} [options] */
  addEventListener(type, listener, options) {
    super.addEventListener(type, listener, options);
    if (/^(open|error)$/.test(type) || this.#types.has(type)) return;
    this.#types.add(type);
    this.#source?.addEventListener(type, event => this.#pass(event));
  }

  close() {
    this.readyState = 2;
    this.#source?.close();
  }

  async #open() {
    const to = new URL(this.url), session = current();
    await session.ready;
    // The first may only have found out that the server knows us no more; the second has the new session's.
    const ticket = isOurs(to) ? await session.ticket() ?? await session.ticket() : null;
    if (this.readyState === 2) return;
    if (ticket) to.searchParams.append('session-ticket', ticket);
    const source = this.#source = new EventSource(to, this.#init);
    for (const type of this.#types) source.addEventListener(type, event => this.#pass(event));
    source.onopen = () => {
      this.readyState = 1;
      this.#emit(new Event('open'));
    };
    source.onerror = () => {
      const again = source.readyState !== 2;
      source.close();
      if (this.readyState === 2) return;
      this.readyState = again ? 0 : 2;
      this.#emit(new Event('error'));
      ask();
      if (again) setTimeout(() => this.readyState === 2 || this.#open(), 3000);
    };
  }

  /** @param {any} event */
  #pass({ type, data, lastEventId, origin }) {
    this.#emit(new MessageEvent(type, { data, lastEventId, origin }));
  }

  /** @param {any} event */
  #emit(event) {
    this.dispatchEvent(event);
    if (event.type === 'open') this.onopen?.(event);
    else if (event.type === 'error') this.onerror?.(event);
    else if (event.type === 'message') this.onmessage?.(event);
  }
}

/**
 * What SignalR's `withUrl(url, options)` needs, with the app's own options. Its requests carry the id by themselves.
 *
 * @template {object} T
 * @param {T} [options]
 */
export const signalR = options => ({ WebSocket: SessionWebSocket, EventSource: SessionEventSource, ...options });

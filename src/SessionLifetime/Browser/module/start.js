/**
 * `start()` and the controller it gives.
 *
 * @import { Controller, Options, Status } from '../session-lifetime.js'
 * @import { HostWindow } from './page.js'
 */
import { KEY, scriptTag } from './page.js';
import { createSession } from './session.js';
import { missing, UnsupportedController } from './unsupported.js';

/** @implements {Controller} */
class SessionController extends EventTarget {
  #session;

  /** @type {Promise<Status | null>} */
  ready;

  /** @param {Options} options */
  constructor(options) {
    super();
    this.#session = createSession(this, options);
    this.ready = this.#session._attachment._ready.promise;
    // At once: what the caller of start() asks for next is the session's.
    this.#session._run().catch(reportError);
  }

  get state() {
    return this.#session._context._phase;
  }

  get status() {
    return this.#session._context._status;
  }

  get reason() {
    return this.#session._context._reason;
  }

  get left() {
    return this.#session._context._left();
  }

  active() {
    this.#session._activity._active();
  }

  check() {
    return this.#session._signals._check();
  }

  stay() {
    return this.#session._signals._stay();
  }

  async leave() {
    const { _context, _transport, _transitions } = this.#session;
    if (_context._attached && await _transport._send('POST', '/exit')) _transitions._end('Exited');
    return _context._phase === 'ended';
  }

  dismiss() {
    this.#session._dialog._dismiss();
  }

  /** @param {boolean} [reloads] */
  restart(reloads) {
    return this.#session._restart(reloads);
  }

  headers() {
    return this.#session._context._headers();
  }

  /** @param {Parameters<typeof fetch>} args */
  fetch(...args) {
    const { _requests, _transport } = this.#session;
    return _requests._fetch(_transport._fetch, ...args);
  }

  /** @param {string[]} own */
  protocols(...own) {
    const { sid } = this.#session._context._ids;
    return [...(sid ? ['session-lifetime', `session-lifetime.${sid}`] : []), ...own];
  }

  /** @returns {Promise<string | null>} */
  async ticket() {
    await this.#session._context._startup;
    return (await this.#session._transport._send('POST', '/ticket'))?.ticket ?? null;
  }

  stop() {
    if (this.state === 'stopped') return;
    this.#session._stop();
    Reflect.deleteProperty(window, KEY);
  }
}

/**
 * Starts the one session of this page, as its tag says where it has one: a script that stands before the tag calls this first.
 *
 * @param {Options} [options] @returns {Controller}
 */
export const start = options => {
  const host = /** @type {HostWindow} */ (window), names = host[KEY] ? [] : missing();
  return host[KEY] ??= names.length ? new UnsupportedController(names) : new SessionController({ ...scriptTag(import.meta.url, 'sessionLifetime')?.dataset, ...options });
};

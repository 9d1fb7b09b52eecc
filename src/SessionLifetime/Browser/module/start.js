/**
 * `start()` and the controller it gives.
 *
 * @import { Controller, Options, Status } from '../session-lifetime.js'
 * @import { HostWindow } from './page.js'
 */
import { KEY } from './page.js';
import { createSession } from './session.js';

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
    // A turn later, so that the caller of start() can listen first.
    queueMicrotask(this.#session._run);
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

  restart() {
    return this.#session._restart();
  }

  headers() {
    return this.#session._context._headers();
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  fetch(input, init) {
    const { _requests, _transport } = this.#session;
    return _requests._fetch(_transport._fetch, input, init);
  }

  /** @param {string[]} own */
  protocols(...own) {
    const { sid } = this.#session._context._ids;
    return [...(sid ? ['session-lifetime', `session-lifetime.${sid}`] : []), ...own];
  }

  /** @returns {Promise<string | null>} */
  async ticket() {
    return (await this.#session._transport._send('POST', '/ticket'))?.ticket ?? null;
  }

  stop() {
    if (this.state === 'stopped') return;
    this.#session._stop();
    Reflect.deleteProperty(window, KEY);
  }
}

/** Starts the one session of this page. @param {Options} [options] @returns {Controller} */
export const start = (options = {}) => /** @type {HostWindow} */ (window)[KEY] ??= new SessionController(options);

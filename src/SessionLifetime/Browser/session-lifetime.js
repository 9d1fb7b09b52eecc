/**
 * SessionLifetime in the browser: gives this page its session, keeps it, warns of its end, says good-bye.
 * The server decides. Everything here asks, shows and tells; no timer of ours ever ends a session.
 *
 * @import { Controller, EndReason, Options, Previous, SessionLifetimeEventMap, Status, Strings, View } from './session-lifetime.d.ts'
 * @typedef {{ ticks: number, wall: number }} Moment
 * @typedef {{ sid?: string | null, tab?: string, told?: string }} Identity told: the session whose absolute end the user was shown
 */

/** Where a second copy of this module, and the frames of this page, find the controller. */
const KEY = Symbol.for('session-lifetime');

/** A timer so late means that the machine slept or the page was frozen: what we know is old. */
const LATE = 2000;

/** A first answer may wait for the app's own handlers, which have half a minute. */
const PATIENCE = 40_000;

/** @returns {Moment} */
const moment = () => ({ ticks: performance.now(), wall: Date.now() });

/**
 * One clock may stand still in sleep, the other may be set. The longer span is the safe one: at worst we ask for nothing.
 *
 * @param {Moment} then
 */
const since = then => Math.max(performance.now() - then.ticks, Date.now() - then.wall);

/** setTimeout fires at once beyond 2^31 ms. @param {() => unknown} action @param {number} ms */
const later = (action, ms) => setTimeout(action, Math.min(ms, 2 ** 31 - 1));

const random = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

/** @param {EventTarget} target @param {string} type */
const once = (target, type) => new Promise(resolve => target.addEventListener(type, resolve, { once: true }));

/** @param {unknown} option */
const on = option => option !== false && option !== 'off';

/** The outermost window of our origin. @param {Window} at @returns {Window & { [KEY]?: Controller }} */
const outermost = at => {
  try {
    return at !== at.parent && at.parent.document ? outermost(at.parent) : at;
  } catch {
    return at;
  }
};

/** @implements {Controller} */
class Session extends EventTarget {
  #options;
  #prefix;
  /** Names our storage, locks and channels: two apps of one origin stay apart. */
  #key;
  /** @type {Set<unknown>} */
  #origins;
  #shared;
  #native = fetch.bind(window);
  #life = new AbortController();
  /** @type {PromiseWithResolvers<Status | null>} */
  #ready = Promise.withResolvers();
  ready = this.#ready.promise;
  /** @type {Controller['state']} */
  #state = 'starting';

  /** @type {Identity} */
  #identity = {};
  /** Empty while there is no page: before the start, in the back-forward cache, after the stop. */
  #page = '';
  /** The server knows the page. */
  #attached = false;
  /** App requests wait here until this page knows its session. @type {Promise<unknown> | null} */
  #gate = null;
  /** A frame's session is that of the page around it. @type {Controller | undefined} */
  #leader;
  /** Gives up what marks this tab as ours. */
  #release = () => {};
  /** Named after the session: all its pages hear, nobody else. @type {BroadcastChannel | null} */
  #channel = null;
  #farewell = new AbortController();

  /** @type {Status | null} */
  #status = null;
  #heard = moment();
  /** Until then an answer to the app that doubts our session makes us ask no more. */
  #doubtedUntil = 0;
  #order = 0;
  #applied = 0;
  #failures = 0;
  /** @type {EndReason | null} */
  #reason = null;
  /** @type {Promise<void> | null} */
  #asking = null;
  /** @type {PromiseWithResolvers<boolean> | null} */
  #staying = null;

  /** The last thing the user did that the server was not told. @type {Moment | null} */
  #input = null;
  /** The one that a request of the app is probably telling. @type {Moment | null} */
  #covered = null;
  /** When the server last heard of the user. */
  #told = moment();
  /** When it last heard of the page from us. */
  #signalled = moment();
  #pointer = '';
  #idleLimit = Infinity;
  #beatTimer = 0;
  #planTimer = 0;
  #reportTimer = 0;

  /** @type {'warning' | 'absolute' | null} */
  #warning = null;
  #showing = false;
  /** @type {SessionCountdown | null} */
  #element = null;
  #created = false;

  /** @param {Options} options */
  constructor(options) {
    super();
    this.#options = {
      idHeader: 'X-Session-Id', pageHeader: 'X-Session-Page', storage: 'tab', keepAlive: 'alive', duplicates: 'new', ...options,
    };
    const prefix = new URL(options.prefix ?? new URL('.', import.meta.url), document.baseURI);
    this.#prefix = prefix.href.replace(/\/$/, '');
    this.#key = `session-lifetime ${prefix.origin === origin ? '' : prefix.origin}${prefix.pathname.replace(/\/$/, '')}`;
    this.#shared = this.#options.storage === 'browser';
    const others = [options.origins ?? []].flat().join(' ').match(/\S+/g) ?? [];
    this.#origins = new Set([origin, prefix.origin, ...others.map(other => new URL(other).origin)]);
    // A turn later, so that whoever called start() can listen first.
    queueMicrotask(() => this.#run());
  }

  get state() {
    return this.#state;
  }

  get status() {
    return this.#status;
  }

  get reason() {
    return this.#reason;
  }

  get left() {
    const ms = this.#status?.countdown ? this.#status.countdownMs : null;
    return ms === null ? null : Math.max(0, ms - since(this.#heard));
  }

  check() {
    return this.#asking ??= this.#ask().finally(() => { this.#asking = null; });
  }

  stay() {
    if (!this.#attached) return Promise.resolve(false);
    const pending = this.#staying;
    const { promise } = this.#staying ??= Promise.withResolvers();
    if (!pending || this.#failures) this.#report();
    return promise;
  }

  async leave() {
    if (this.#attached && await this.#send('POST', '/exit')) this.#end('Exited');
    return this.#state === 'ended';
  }

  dismiss() {
    if (this.#warning === 'absolute' && this.#status) this.#save({ told: this.#status.session });
    this.#showing = false;
    this.#render();
  }

  async restart() {
    if (this.#state !== 'ended') return;
    this.#state = 'starting';
    this.#reason = this.#warning = null;
    this.dismiss();
    this.#page ||= random();
    await this.#attach();
  }

  /** @returns {Record<string, string>} */
  headers() {
    const { idHeader, pageHeader } = this.#options;
    return { ...(this.#identity.sid && { [idHeader]: this.#identity.sid }), ...(this.#page && { [pageHeader]: this.#page }) };
  }

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  fetch(input, init) {
    return this.#request(this.#native, input, init);
  }

  /** @param {string[]} own */
  protocols(...own) {
    const { sid } = this.#identity;
    return [...(sid ? ['session-lifetime', `session-lifetime.${sid}`] : []), ...own];
  }

  /** @returns {Promise<string | null>} */
  async ticket() {
    return (await this.#send('POST', '/ticket'))?.ticket ?? null;
  }

  stop() {
    if (this.#state === 'stopped') return;
    this.#goodbye(false);
    this.#state = 'stopped';
    this.#life.abort();
    this.#ready.resolve(null);
    this.#staying?.resolve(false);
    this.#element?.close();
    if (this.#created) this.#element?.remove();
    Reflect.deleteProperty(window, KEY);
  }

  // ---- The life of a page

  async #run() {
    // A sandboxed frame without allow-same-origin has neither storage nor an origin the server would answer.
    if (origin === 'null') {
      this.#state = 'unsupported';
      this.#ready.resolve(null);
      return void this.#emit('unsupported');
    }
    this.#listen();
    if (on(this.#options.patch)) this.#patch();
    // A page made in advance sees a copy of the storage, and what it writes is thrown away.
    if (/** @type {any} */ (document).prerendering) await once(document, 'prerenderingchange');
    this.#begin();
  }

  /** A page begins when it is loaded, and again when it comes back from the back-forward cache. @param {boolean} [back] */
  #begin(back = false) {
    if (this.#state === 'stopped') return;
    const page = this.#page = random();
    this.#gate = this.#identify(page, back)
      .then(() => page === this.#page ? this.#attach() : undefined)
      .catch(reportError)
      .finally(() => { if (page === this.#page) this.#gate = null; });
  }

  /**
   * Finds out who we are. What a page is handed in other ways than by storage (rendered by the server, relayed over a navigation)
   * belongs here, in front of what storage says.
   *
   * @param {string} page @param {boolean} back
   */
  async #identify(page, back) {
    const outer = outermost(window);
    if (outer !== window) {
      if (!outer[KEY] && outer.document.readyState !== 'complete') await once(outer, 'load');
      this.#leader = outer[KEY];
      await this.#leader?.ready;
      if (this.#leader) return this.#follow();
    }
    let { sid, tab, told } = this.#load();
    if (!tab || !await this.#claim(tab, page, back)) {
      // The copy of a tab takes over nothing, unless it was asked to share.
      if (tab && !this.#shared && this.#options.duplicates === 'new') sid = undefined;
      tab = random();
      await this.#claim(tab, page, false);
    }
    if (page === this.#page) this.#save({ sid, tab, told });
  }

  #follow() {
    this.#identity = { sid: this.#leader?.headers()[this.#options.idHeader] };
  }

  /**
   * Marks the tab id as ours while this page lives; false if another page has it. A page that is back is no copy, although the one it
   * takes the place of may not have left yet.
   *
   * @param {string} tab @param {string} page @param {boolean} back @returns {Promise<boolean>}
   */
  #claim(tab, page, back) {
    const name = `${this.#key} ${tab}`, how = this.#options.duplicateDetection;
    return new Promise(resolve => {
      if (how === 'off' || outermost(window) !== window) return resolve(true);
      // A lock that is held keeps Blazor from pausing.
      if (navigator.locks && how !== 'channel' && (how === 'lock' || !document.querySelector('[src*="/blazor."]'))) {
        if (back) resolve(true);
        navigator.locks.request(name, { ifAvailable: !back }, lock => {
          resolve(!!lock);
          if (lock && page === this.#page) return new Promise(release => { this.#release = () => release(0); });
        }).catch(() => resolve(true));
        return;
      }
      const channel = new BroadcastChannel(name);
      this.#release = () => channel.close();
      let mine = back;
      channel.onmessage = ({ data: { asks, taken } }) => {
        // Of two that ask at the same time the smaller wins.
        if (asks && (mine || page < asks)) channel.postMessage({ taken: asks });
        if (taken === page && !mine) {
          channel.close();
          resolve(false);
        }
      };
      channel.postMessage({ asks: page });
      setTimeout(() => resolve(mine = true), 150);
    });
  }

  /** @returns {Identity} */
  #load() {
    const { sid, tab, told } = this.#identity;
    try {
      const own = JSON.parse(sessionStorage.getItem(this.#key) ?? '{}');
      return { ...own, ...(this.#shared && { sid: localStorage.getItem(this.#key) }) };
    } catch {
      return { sid, tab, told };
    }
  }

  /** @param {Identity} change */
  #save(change) {
    const { sid, ...rest } = Object.assign(this.#identity, change);
    if (this.#leader) return;
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(this.#shared ? rest : this.#identity));
      if (this.#shared && sid) localStorage.setItem(this.#key, sid);
    } catch { /* Blocked or full: the memory has it. */ }
  }

  /** @param {string} sid */
  #adopt(sid) {
    if (sid === this.#identity.sid) return;
    this.#save({ sid });
    this.#post({ sid });
    this.#armFarewell();
  }

  /** Tabs that share a session must not each make one when none is left. */
  async #attach() {
    this.#attached = false;
    if (!this.#shared || !navigator.locks || this.#leader) return this.#hello();
    const inTurn = async () => {
      // Whoever was before us has written the id, but storage may reach this tab later than the lock does.
      if (!this.#load().sid) await Promise.race([once(window, 'storage'), new Promise(resolve => setTimeout(resolve, 1000))]);
      await this.#hello();
    };
    await navigator.locks.request(this.#key, { ifAvailable: true }, lock => lock
      ? this.#hello()
      : navigator.locks.request(this.#key, { signal: AbortSignal.timeout(PATIENCE) }, inTurn)).catch(() => this.#hello());
  }

  async #hello() {
    const page = this.#page;
    if (this.#shared && !this.#leader) this.#identity.sid = this.#load().sid ?? this.#identity.sid;
    const answer = await this.#send('POST', '/attach', { page, tab: this.#identity.tab, shared: this.#shared, handOver: this.#options.handOver }, PATIENCE);
    if (!answer || page !== this.#page) return;
    // 204: a page made in advance is not there yet.
    if (!answer.session) return this.#arm(1000);
    const before = this.#status?.session;
    const { outcome, id, previous = { state: 'unknown', reason: null }, ...status } = answer;
    this.#attached = true;
    this.#signalled = this.#told = moment();
    this.#input = null;
    const moved = outcome === 'restarted' || before && before !== status.session;
    if (moved) this.#post({ sid: this.#identity.sid, moved: true });
    this.#join(status.session);
    this.#armFarewell();
    this.#ready.resolve(status);
    const name = moved ? 'restarted' : outcome === 'created' ? 'started' : 'resumed';
    this.#apply(status, ++this.#order, true, () => this.#emit(name, { status, ...(moved && { previous }) }));
    if (this.#staying) this.#report();
  }

  /** The server does not know us any more, or refuses to: another session, unless those we share with have one already. */
  async #renew() {
    if (!this.#attached) return;
    this.#attached = false;
    if (this.#leader) {
      await this.#leader.check();
      this.#follow();
    }
    await this.#attach();
  }

  /** @param {boolean} persisted */
  #goodbye(persisted) {
    if (this.#attached) {
      const url = `${this.#prefix}/detach`, body = this.#detachment(persisted);
      if ('keepalive' in Request.prototype) this.#native(url, { method: 'POST', body, keepalive: true, credentials: 'include' }).catch(() => {});
      else navigator.sendBeacon(url, body);
    }
    this.#farewell.abort();
    this.#release();
    this.#channel?.close();
    this.#channel = null;
    this.#page = '';
    this.#attached = false;
    this.#disarm();
  }

  /** @param {boolean} persisted */
  #detachment(persisted) {
    return JSON.stringify({ id: this.#identity.sid, page: this.#page, persisted });
  }

  /** Lies ready in the browser, which sends it when this page is gone without a pagehide: a crash. */
  #armFarewell() {
    this.#farewell.abort();
    this.#farewell = new AbortController();
    try {
      /** @type {any} */ (window).fetchLater?.(`${this.#prefix}/detach`, {
        method: 'POST', body: this.#detachment(false), credentials: 'include', signal: this.#farewell.signal,
      });
    } catch { /* Quota, or forbidden in this frame. */ }
  }

  /** @param {string} session */
  #join(session) {
    const name = `${this.#key} ${session}`;
    if (this.#channel?.name === name) return;
    this.#channel?.close();
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data: { sid, moved, status, ended } }) => {
      if (sid) {
        this.#save({ sid });
        this.#armFarewell();
        if (moved) this.#renew();
      }
      if (status) this.#apply(status, ++this.#order);
      if (ended !== undefined) this.#end(ended, null, false);
    };
  }

  /** @param {{ sid?: string | null, moved?: boolean, status?: Status, ended?: EndReason | null }} message */
  #post(message) {
    this.#channel?.postMessage(message);
  }

  // ---- Talking to the server

  /**
   * One call of the protocol: the answer's body, or null when there is nothing to go on with.
   *
   * @param {string} method @param {string} path @param {object} [body] @param {number} [patience]
   * @returns {Promise<any>}
   */
  async #send(method, path, body, patience = 10_000) {
    const { sid } = this.#identity;
    const page = this.#page;
    let response, answer;
    try {
      response = await this.#native(this.#prefix + path, {
        method, cache: 'no-store', credentials: 'include',
        headers: { ...this.headers(), ...(body && { 'Content-Type': 'application/json' }) },
        body: body && JSON.stringify(body),
        signal: AbortSignal.any([this.#life.signal, AbortSignal.timeout(patience)]),
      });
      if (/\bjson\b/.test(response.headers.get('Content-Type') ?? '')) answer = await response.json();
    } catch { /* Not reached, or cut off. */ }
    // What was under way when this page was left or stopped is of no interest any more.
    if (page !== this.#page || this.#state === 'ended') return null;

    // Only the protocol's own header is believed: proxies, sign-in pages and error pages also answer 404, 410 and 200.
    const state = response?.headers.get('X-Session-State');
    if (response?.ok ? !answer && response.status !== 204 : !state) {
      this.#lost(response);
      return null;
    }
    if (this.#failures) {
      this.#failures = 0;
      this.#emit('reachable');
      this.#render();
    }
    if (response?.ok) {
      if (answer?.id && sid === this.#identity.sid) this.#adopt(answer.id);
      return answer ?? {};
    }
    if (state === 'ended') this.#end(answer?.reason ?? null);
    else if (path === '/exit') return {};
    else await this.#renew();
    return null;
  }

  /** @param {Response | undefined} response */
  #lost(response) {
    const ping = Math.max(1000, this.#status?.pingEveryMs ?? 60_000);
    const asked = Number(response?.headers.get('Retry-After')) * 1000 || 0;
    this.#arm(Math.max(asked, Math.min(ping, 1000 * 2 ** this.#failures)));
    if (!this.#failures++) this.#emit('unreachable', { status: response?.status ?? 0 });
    this.#render();
  }

  async #ask() {
    if (!this.#attached) return;
    const order = ++this.#order;
    const status = await this.#send('GET', '');
    if (status) this.#apply(status, order);
  }

  async #ping() {
    const order = ++this.#order, input = this.#input;
    const status = await this.#send('POST', '/ping', {
      ...(input && { idleMs: Math.round(since(input)) }),
      ...(this.#options.keepAlive === 'stretch' && { stretch: true }),
    });
    if (!status) return;
    this.#signalled = moment();
    if (this.#input === input) this.#input = null;
    this.#apply(status, order);
  }

  /** Tells of the user. "Stay" is one too, said with the user's own hand. */
  async #report() {
    if (!this.#attached) return;
    const order = ++this.#order, input = this.#input, staying = this.#staying;
    const status = await this.#send('POST', '/activity', !staying && input ? { idleMs: Math.round(since(input)) } : undefined);
    if (!status) return;
    this.#signalled = this.#told = moment();
    if (this.#input === input) this.#input = null;
    if (staying && staying === this.#staying) {
      this.#staying = null;
      staying.resolve(status.state === 'active');
    }
    this.#apply(status, order, true);
  }

  /**
   * @param {Status} status @param {number} order @param {boolean} [fresh] the idle clock has just been set
   * @param {() => unknown} [announce] comes before the events that the status causes
   */
  #apply(status, order, fresh = false, announce) {
    // An answer overtaken by that to a later question is old news.
    if (order < this.#applied || this.#state === 'ended') return;
    this.#applied = order;
    const before = this.#status;
    this.#status = status;
    this.#heard = moment();
    this.#state = status.state;
    if (fresh || (status.timeoutInMs ?? 0) > this.#idleLimit) this.#idleLimit = status.timeoutInMs ?? Infinity;
    this.#arm();
    announce?.();

    const warning = status.countdown ? status.extendable ? 'warning' : 'absolute' : null;
    const changed = warning !== this.#warning || status.state !== before?.state;
    if (warning !== this.#warning) {
      this.#warning = warning;
      this.#showing = false;
      if (warning) {
        this.#input = null;
        const { countdownMs, extendable, endsBy } = status;
        this.#showing = this.#emit('timeout', { status, countdownMs, extendable, endsBy }, true)
          && !(warning === 'absolute' && this.#identity.told === status.session);
      }
    }
    if (before?.state === 'timedOut' && status.state === 'active') this.#emit('active', { status });
    if (changed) this.#post({ status });
    this.#render();
    this.#plan();
  }

  /** @param {EndReason | null} reason @param {string | null} [to] @param {boolean} [tell] */
  #end(reason, to = null, tell = true) {
    if (this.#state === 'ended' && !to || this.#state === 'stopped') return;
    this.#state = 'ended';
    this.#reason = reason;
    this.#attached = false;
    this.#disarm();
    this.#farewell.abort();
    this.#staying?.resolve(false);
    this.#staying = this.#warning = null;
    if (tell) this.#post({ ended: reason });
    const location = to ?? this.#options.endedUrl ?? null;
    this.#showing = this.#emit('ended', { reason, location }, true);
    if (this.#showing && location) window.location.assign(new URL(location, document.baseURI));
    else this.#render();
  }

  /**
   * @param {string} name @param {object} [detail] @param {boolean} [cancelable]
   * @returns {boolean} whether nobody prevented the default
   */
  #emit(name, detail = {}, cancelable = false) {
    const event = new CustomEvent(`sessionlifetime:${name}`, { detail, cancelable, bubbles: true });
    this.dispatchEvent(event);
    document.dispatchEvent(event);
    return !event.defaultPrevented;
  }

  // ---- Time

  /**
   * The next sign of life. Set from the answer to the last one: such a timer is not slowed down in a hidden tab.
   *
   * @param {number} [retry]
   */
  #arm(retry) {
    clearTimeout(this.#beatTimer);
    if (!this.#page || this.#state === 'ended') return;
    const { pingEveryMs = 60_000, state = '', countdown = false } = this.#status ?? {};
    // While the server's own handlers decide, it wants to be asked again soon, even by a page that keeps quiet.
    const deciding = state === 'timedOut' && !countdown;
    if (retry === undefined && this.#options.keepAlive === 'off' && !deciding) return;
    this.#beatTimer = later(() => this.#beat(), retry ?? pingEveryMs * (0.9 + Math.random() / 10));
  }

  #beat() {
    if (!this.#attached) this.#attach();
    else if (this.#staying) this.#report();
    else if (this.#options.keepAlive === 'off') this.#input ? this.#report() : this.check();
    else this.#ping();
  }

  /** Looks again when something is due: the clock's next step, or a moment about which the server has to be asked. Never while hidden. */
  #plan() {
    clearTimeout(this.#planTimer);
    const status = this.#status;
    if (document.hidden || !this.#attached || !status) return;
    const { timeoutInMs, endsInMs, endsBy, countdownMs } = status;
    // The absolute end is warned of at least 20 seconds before.
    const warnInMs = endsBy === 'AbsoluteTimeout' && endsInMs !== null && !this.#warning ? endsInMs - 20_000 : null;
    const passed = since(this.#heard), left = this.left;
    // A little late on purpose: asked a moment too early the server would have to send us back.
    const due = Math.min(...[timeoutInMs, endsInMs, countdownMs, warnInMs]
      .map(ms => ms === null ? Infinity : ms && passed < ms + 100 ? ms + 100 - passed : 1000));
    const wait = left ? Math.min(due, left % (left > 60_000 ? 60_000 : 1000) + 20) : due;
    if (wait === Infinity) return;
    const set = moment();
    this.#planTimer = later(() => {
      // While the server cannot be reached, the beat asks, at its own growing distance.
      if (!this.#failures && (wait === due || since(set) > wait + LATE)) this.check();
      else this.#render();
      this.#plan();
    }, wait);
  }

  #disarm() {
    clearTimeout(this.#beatTimer);
    clearTimeout(this.#planTimer);
    this.#hush();
  }

  #hush() {
    clearTimeout(this.#reportTimer);
    this.#reportTimer = 0;
  }

  // ---- The user

  #listen() {
    const { signal } = this.#life;
    /** @param {EventTarget} target @param {string} types @param {(event: any) => unknown} action */
    const listen = (target, types, action) => types.split(' ').forEach(type => {
      target.addEventListener(type, action, { signal, capture: true, passive: true });
    });
    // No "scroll": scripts cause it too. A user who scrolls also touches, turns a wheel or presses something.
    listen(window, 'pointerdown pointermove keydown wheel touchstart input', event => this.#active(event));
    listen(window, 'pagehide', ({ persisted }) => this.#goodbye(persisted));
    listen(window, 'pageshow', ({ persisted }) => persisted && !this.#page && this.#state !== 'ended' && this.#begin(true));
    listen(window, 'focus online pageshow', () => this.#wake());
    listen(document, 'resume visibilitychange', () => this.#wake());
  }

  /** We may have missed something. */
  #wake() {
    if (!this.#page || this.#state === 'ended') return;
    this.#plan();
    if (document.hidden) {
      this.#hush();
      if (this.#input) this.#report();
    } else if (!this.#attached) {
      if (!this.#gate) this.#attach();
    } else if (this.#failures || since(this.#heard) > 1000) {
      this.check();
    }
  }

  /** @param {Event & Partial<PointerEvent>} event */
  #active({ type, isTrusted, screenX, screenY }) {
    if (!isTrusted || !this.#attached || this.#warning === 'warning' || this.#input && since(this.#input) < 1000) return;
    if (type === 'pointermove') {
      // Browsers fire it without movement, when something moves below the pointer.
      const at = `${screenX} ${screenY}`, still = at === this.#pointer || !this.#pointer;
      this.#pointer = at;
      if (still) return;
    }
    this.#input = moment();
    this.#reportLater(0);
  }

  /** At once after a pause, then at most every quarter of the timeout. @param {number} least */
  #reportLater(least) {
    const pace = Math.min(30_000, this.#idleLimit / 4);
    this.#reportTimer ||= later(() => {
      this.#reportTimer = 0;
      if (!this.#input || this.#warning === 'warning') return;
      // The app asked the server for something just now, which tells it of the user. If it does not, we shall.
      if (this.#covered === this.#input) {
        this.#covered = null;
        this.#reportLater(pace);
      } else {
        this.#report();
      }
    }, Math.max(least, pace - since(this.#told)));
  }

  // ---- The app's own requests

  /** @param {string | URL} url */
  #ours(url) {
    return this.#origins.has(URL.parse(url, document.baseURI)?.origin);
  }

  /** @param {typeof fetch} native @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
  #request(native, input, init) {
    if (!this.#page || !this.#ours(/** @type {any} */ (input)?.url ?? input)) return native(input, init);
    let /** @type {Request} */ request;
    try {
      // What fetch itself does first; body, signal, keepalive and the rest are carried over by the platform.
      request = new Request(input, init);
    } catch {
      return native(input, init);
    }
    const send = async () => {
      const { sid } = this.#identity;
      this.#carry(request.headers.has(this.#options.idHeader), (name, value) => request.headers.set(name, value));
      const response = await native(request);
      this.#observe(name => response.headers.get(name), response.url, response.status, sid);
      return response;
    };
    return this.#gate ? this.#gate.then(send) : send();
  }

  /** @param {boolean} own the app has set the header itself @param {(name: string, value: string) => void} set */
  #carry(own, set) {
    this.#covered = this.#input;
    if (!own) Object.entries(this.headers()).forEach(header => set(...header));
  }

  /**
   * What an answer to the app says of the session.
   *
   * @param {(name: string) => string | null} get @param {string} url @param {number} status @param {string | null} [sent] the id it answers
   */
  #observe(get, url, status, sent) {
    if (!this.#page || !this.#ours(url)) return;
    const state = get('X-Session-State'), location = get('X-Session-Location'), to = location && URL.parse(location, url)?.href;
    // Somebody else may have told us of the end already, but not where to go.
    if (state === 'ended' && to && /^https?:/.test(to)) return this.#end('Exited', to);
    const id = get('X-Session-Id');
    // Nothing sent: the server may have started a session because the app wrote to one.
    if (id && (this.#attached || !sent) && sent === this.#identity.sid) this.#adopt(id);
    if (!this.#attached || !sent) return;
    if (state) {
      // It may be another app behind the same origin that does not know our id: our own server has the last word, and the reason.
      if (performance.now() > this.#doubtedUntil) {
        this.#doubtedUntil = performance.now() + 1000;
        this.check();
      }
      return;
    }
    const signal = get('X-Session-Signal');
    // A file from a cache or another server looks the same and told ours nothing: what answers seem to tell postpones our own signals
    // once, not for ever.
    if (status >= 500 || signal === 'none' || this.#failures || since(this.#signalled) > (this.#status?.pingEveryMs ?? 0)) return;
    if (!signal) {
      this.#told = moment();
      this.#input = null;
    }
    this.#arm();
  }

  #patch() {
    /**
     * A proxy stays native to the eye: name, length and toString() are those of the original.
     *
     * @param {any} target @param {string} name @param {(self: any, args: any[], native: (...args: any[]) => any) => any} around
     */
    const wrap = (target, name, around) => {
      const native = target[name];
      const ours = target[name] = new Proxy(native, {
        apply: (_, self, args) => this.#life.signal.aborted
          ? Reflect.apply(native, self, args)
          : around(self, args, (...changed) => Reflect.apply(native, self, changed)),
      });
      // Whoever wrapped it after us keeps our proxy, which then does nothing.
      this.#life.signal.addEventListener('abort', () => { if (target[name] === ours) target[name] = native; });
    };
    /** @type {WeakMap<XMLHttpRequest, { url: string, wait: boolean, own: boolean }>} */
    const opened = new WeakMap();
    const { prototype } = XMLHttpRequest;
    const setHeader = prototype.setRequestHeader;
    wrap(window, 'fetch', (self, [input, init], native) => this.#request(native, input, init));
    wrap(prototype, 'open', (xhr, args, native) => {
      native(...args);
      opened.set(xhr, { url: args[1], wait: args.length < 3 || !!args[2], own: false });
    });
    wrap(prototype, 'setRequestHeader', (xhr, args, native) => {
      const call = opened.get(xhr);
      if (call && `${args[0]}`.toLowerCase() === this.#options.idHeader.toLowerCase()) call.own = true;
      native(...args);
    });
    wrap(prototype, 'send', (xhr, args, native) => {
      const call = opened.get(xhr);
      if (!call || !this.#page || !this.#ours(call.url)) return native(...args);
      const send = () => {
        // Aborted or opened anew while it waited.
        if (opened.get(xhr) !== call || xhr.readyState !== 1) return;
        const { sid } = this.#identity;
        this.#carry(call.own, (name, value) => setHeader.call(xhr, name, value));
        const observe = () => this.#observe(name => xhr.getResponseHeader(name), xhr.responseURL, xhr.status, sid);
        xhr.addEventListener('load', observe, { once: true, signal: this.#life.signal });
        native(...args);
      };
      if (this.#gate && call.wait) this.#gate.then(send);
      else send();
    });
  }

  // ---- The window

  #render() {
    const { countdown, lang, strings } = this.#options;
    const view = this.#view();
    if (!view) return this.#element?.close();
    if (this.#leader || !on(countdown)) return;
    const tag = typeof countdown === 'string' && countdown !== 'on' ? countdown : 'session-countdown';
    if (!this.#element?.isConnected) {
      const found = countdown instanceof SessionCountdown ? countdown : document.querySelector(tag);
      this.#created = !found?.isConnected;
      this.#element = /** @type {SessionCountdown} */ (found ?? document.createElement(tag));
      if (this.#created) document.body.append(this.#element);
    }
    this.#element.controller = this;
    this.#element.update({ ...view, ...texts(lang, strings) });
  }

  /** @returns {Omit<View, 'strings' | 'lang'> | null} */
  #view() {
    if (!this.#showing) return null;
    if (this.#state === 'ended') return { state: 'ended', reason: this.#reason, left: 0, extendable: false };
    const { extendable = false, endsBy = null } = this.#status ?? {};
    return this.#warning && { state: this.#failures ? 'failing' : this.#warning, extendable, left: this.left ?? 0, reason: endsBy };
  }
}

/** Starts the one session of this page. @param {Options} [options] @returns {Controller} */
export function start(options = {}) {
  const host = /** @type {Window & { [KEY]?: Controller }} */ (window);
  return host[KEY] ??= new Session(options);
}

// ---- The words

/** @type {Record<string, Strings>} */
const languages = {
  en: {
    title: 'Are you still there?',
    message: 'Your session is about to end. What you have not saved will be lost.',
    absoluteTitle: 'Your session is about to end',
    absoluteMessage: 'It has reached its longest time and cannot be extended. Please save your work now.',
    failing: 'The server could not be reached. Trying again…',
    endedTitle: 'Your session has ended',
    ended: 'You can close this page, or start again.',
    IdleTimeout: 'Nothing happened here for a while.',
    SignalLost: 'The server had not heard from this page for a while.',
    AbsoluteTimeout: 'It had reached its longest time.',
    Revoked: 'It was ended from elsewhere.',
    Displaced: 'A newer session has taken its place.',
    HostStopping: 'The server was restarted.',
    stay: 'Stay',
    leave: 'End session',
    dismiss: 'Continue',
    restart: 'Start again',
    left: '{time} left.',
  },
  de: {
    title: 'Sind Sie noch da?',
    message: 'Ihre Sitzung endet bald. Was nicht gespeichert ist, geht verloren.',
    absoluteTitle: 'Ihre Sitzung endet bald',
    absoluteMessage: 'Sie hat ihre längste Dauer erreicht und lässt sich nicht verlängern. Bitte speichern Sie jetzt.',
    failing: 'Der Server ist nicht erreichbar. Neuer Versuch…',
    endedTitle: 'Ihre Sitzung ist beendet',
    ended: 'Sie können diese Seite schließen oder neu beginnen.',
    IdleTimeout: 'Hier ist länger nichts geschehen.',
    SignalLost: 'Der Server hat länger nichts von dieser Seite gehört.',
    AbsoluteTimeout: 'Sie hatte ihre längste Dauer erreicht.',
    Revoked: 'Sie wurde von anderer Stelle beendet.',
    Displaced: 'Eine neuere Sitzung ist an ihre Stelle getreten.',
    HostStopping: 'Der Server wurde neu gestartet.',
    stay: 'Bleiben',
    leave: 'Sitzung beenden',
    dismiss: 'Weiter',
    restart: 'Neu beginnen',
    left: 'Noch {time}.',
  },
};

/** Without texts for a language everything is English, the numbers too. @param {string} [wanted] @param {Options['strings']} [own] */
const texts = (wanted, own) => {
  const asked = wanted || document.documentElement.lang || navigator.language;
  const given = typeof own === 'string' ? JSON.parse(own) : own;
  const known = languages[asked.slice(0, 2).toLowerCase()];
  return { strings: { ...(known ?? languages.en), ...given }, lang: known || given ? asked : 'en' };
};

/**
 * The time as words, and its number and unit: whole minutes, rounded up, then seconds.
 *
 * @param {number} ms @param {View} view
 */
const time = (ms, { strings, lang }) => {
  const seconds = Math.ceil(ms / 1000);
  const unit = seconds < 60 ? 'second' : 'minute', n = seconds < 60 ? seconds : Math.ceil(seconds / 60);
  const own = n === 1 ? strings[unit] : strings[`${unit}s`];
  const digits = n.toLocaleString(lang);
  const words = own?.replace('{n}', digits) ?? n.toLocaleString(lang, { style: 'unit', unit, unitDisplay: 'long' });
  return { words, digits, word: words.replace(digits, '').trim() };
};

// ---- The window

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host {
  --surface: var(--sl-surface, light-dark(#fff, #1d2027));
  --text: var(--sl-text, light-dark(#14171f, #f1f3f7));
  --muted: var(--sl-muted, light-dark(#545c6b, #aab2c0));
  --accent: var(--sl-accent, light-dark(#2754d8, #9ab6ff));
  --on-accent: var(--sl-on-accent, light-dark(#fff, #0c1838));
  --line: var(--sl-line, light-dark(#d3d8e1, #434a58));
  --urgent: var(--sl-urgent, light-dark(#c2331f, #ff9a86));
  --radius: var(--sl-radius, 1.25em);
  color-scheme: light dark;
}
dialog {
  box-sizing: border-box;
  width: min(29em, 100vw - 2rem);
  max-height: calc(100dvh - 2rem);
  padding: 1.75em;
  border: 1px solid light-dark(transparent, var(--line));
  border-radius: var(--radius);
  background: var(--surface);
  color: var(--text);
  font: var(--sl-size, 1rem)/1.5 var(--sl-font, system-ui, sans-serif);
  text-align: start;
  overscroll-behavior: contain;
  box-shadow: 0 1.5em 4em #080c1847;
}
dialog[open] {
  display: grid;
  grid-template-columns: auto 1fr;
  gap: 0 1.5em;
}
:host([state=ended]) dialog[open] {
  display: block;
}
dialog::backdrop {
  background: var(--sl-backdrop, #0c101c80);
}
[part=countdown] {
  grid-row: 1/4;
  position: relative;
  width: 6em;
  height: 6em;
  display: grid;
  align-content: center;
  text-align: center;
  line-height: 1.1;
}
b {
  font-size: 2em;
  font-variant-numeric: tabular-nums;
}
span {
  font-size: .75em;
  color: var(--muted);
}
svg {
  position: absolute;
  rotate: -90deg;
}
circle {
  fill: none;
  stroke: var(--line);
  stroke-width: 6;
}
circle + circle {
  stroke: var(--accent);
  stroke-linecap: round;
  stroke-dasharray: 1;
}
:host([urgent]) circle + circle {
  stroke: var(--urgent);
}
:host([state=failing]) svg {
  opacity: .4;
}
h2 {
  margin: 0;
  font-size: 1.3em;
  line-height: 1.25;
}
p {
  margin: .5em 0 0;
  color: var(--muted);
}
[part=note] {
  color: var(--urgent);
}
[part=actions], slot:not([name]) {
  grid-column: 1/-1;
}
[part=actions] {
  display: flex;
  flex-flow: row-reverse wrap;
  gap: .75em;
  margin-block-start: 1.75em;
}
button {
  min-height: 2.75em;
  padding: .5em 1.4em;
  border: 1px solid var(--line);
  border-radius: calc(var(--radius)*.6);
  background: none;
  color: inherit;
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
[part=stay] {
  border-color: var(--accent);
  background: var(--accent);
  color: var(--on-accent);
}
button:hover {
  opacity: .9;
}
button:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}
[hidden] {
  display: none !important;
}
#time {
  position: absolute;
  top: 0;
  clip-path: inset(50%);
}
@media (max-width: 32rem) {
  dialog {
    margin-block-end: 1rem;
    padding: 1.5em;
  }
  dialog[open] {
    grid-template-columns: 1fr;
    justify-items: center;
    text-align: center;
  }
  [part=countdown] {
    grid-row: auto;
    margin-block-end: 1em;
  }
  [part=actions] {
    justify-self: stretch;
    flex-flow: column;
  }
}
@media (prefers-reduced-motion: no-preference) {
  dialog[open] {
    animation: rise .2s ease-out;
  }
}
@keyframes rise {
  from {
    opacity: 0;
    translate: 0 1em;
  }
}
@media (forced-colors: active) {
  circle {
    stroke: GrayText;
  }
  circle + circle {
    stroke: Highlight !important;
  }
}
`);

/** @param {string} name @param {Record<string, string>} [attributes] @param {(Node | string)[]} children @returns {any} */
const make = (name, attributes = {}, ...children) => {
  const node = /svg|circle/.test(name) ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const ring = { r: '44', pathLength: '1' };

/** The window. It only shows: what it is told, when it is told; what the user answers goes to the controller. */
export class SessionCountdown extends HTMLElement {
  /** @type {Controller | null} */
  controller = null;
  /** @type {View | null} */
  #view = null;
  /** The time left that was said last: it is not said again until the next step. */
  #said = 0;
  /** @type {Animation | undefined} */
  #ring;
  #parts;

  constructor() {
    super();
    const arc = make('circle', ring);
    const parts = this.#parts = {
      arc,
      number: make('b'),
      unit: make('span'),
      title: make('slot', { name: 'title' }),
      message: make('slot', { name: 'message' }),
      note: make('p', { part: 'note', role: 'status' }),
      stay: make('slot', { name: 'stay' }),
      leave: make('slot', { name: 'leave' }),
      spoken: make('p', { id: 'time', 'aria-live': 'polite' }),
      countdown: make('div', { part: 'countdown', 'aria-hidden': 'true' },
        make('svg', { viewBox: '-48 -48 96 96' }, make('circle', ring), arc)),
      leaveButton: make('button', { part: 'leave', type: 'button' }),
      dialog: make('dialog', { part: 'dialog', role: 'alertdialog', 'aria-labelledby': 'title', 'aria-describedby': 'message time' }),
    };
    const stayButton = make('button', { part: 'stay', type: 'button', autofocus: '' }, parts.stay);
    parts.countdown.append(parts.number, parts.unit);
    parts.leaveButton.append(parts.leave);
    parts.dialog.append(
      parts.countdown,
      make('h2', { part: 'title', id: 'title' }, parts.title),
      make('p', { part: 'message', id: 'message' }, parts.message),
      parts.note,
      make('slot'),
      make('div', { part: 'actions' }, stayButton, parts.leaveButton),
      parts.spoken);
    stayButton.addEventListener('click', () => this.#stay());
    parts.leaveButton.addEventListener('click', () => this.controller?.leave());
    // A canceled key press never reaches the browser's own closing of dialogs, which a page can stop only once.
    parts.dialog.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && this.#escape(event));
    parts.dialog.addEventListener('cancel', (/** @type {Event} */ event) => this.#escape(event));
    // A press on the backdrop would take the focus out of the window.
    parts.dialog.addEventListener('mousedown', (/** @type {Event} */ event) => event.target === parts.dialog && event.preventDefault());
    parts.dialog.addEventListener('close', () => this.#view && parts.dialog.showModal());
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    root.append(parts.dialog);
  }

  /** @param {View} view */
  update(view) {
    const parts = this.#parts;
    const { state, extendable, left, reason, strings, lang } = view;
    const before = this.#view;
    this.#view = view;
    const ended = state === 'ended', say = ended ? 'ended' : extendable ? '' : 'absolute';
    this.setAttribute('state', state);
    this.toggleAttribute('urgent', !ended && left <= 20_000);
    write(parts.title, say ? strings[`${say}Title`] : strings.title);
    const why = strings[/** @type {keyof Strings} */ (reason)] ?? strings.ended;
    write(parts.message, ended ? why : say ? strings.absoluteMessage : strings.message);
    write(parts.note, state === 'failing' ? strings.failing : '');
    write(parts.stay, ended ? strings.restart : extendable ? strings.stay : strings.dismiss);
    write(parts.leave, strings.leave);
    parts.note.hidden = state !== 'failing';
    parts.countdown.hidden = parts.leaveButton.hidden = ended;
    parts.dialog.lang = lang;
    if (ended) write(parts.spoken, '');
    else this.#tell(view, before);
    if (!parts.dialog.open) parts.dialog.showModal();
  }

  close() {
    this.#view = null;
    this.#parts.dialog.close();
  }

  /** @param {View} view @param {View | null} before */
  #tell(view, before) {
    const { number, unit, arc, spoken } = this.#parts;
    const { left } = view;
    const opening = !before || before.state === 'ended' || left > before.left;
    const { digits, word } = time(left, view);
    write(number, digits);
    write(unit, word);
    // Aloud: at the opening, each minute, then at 40 and 20 seconds; who listens shall not be talked over.
    const step = left > 60_000 ? 60_000 : 20_000, round = Math.ceil(left / step) * step;
    if (opening || round < this.#said && round > 0) {
      this.#said = opening ? left : round;
      write(spoken, view.strings.left.replace('{time}', time(this.#said, view).words));
    }
    if (!opening) return;
    const steps = matchMedia('(prefers-reduced-motion: reduce)').matches ? `steps(${Math.ceil(left / 60_000)})` : 'linear';
    this.#ring?.cancel();
    this.#ring = arc.animate({ strokeDashoffset: [0, 1] }, { duration: left, easing: steps, fill: 'forwards' });
  }

  #stay() {
    if (this.#view?.state === 'ended') location.reload();
    else if (this.#view?.extendable) this.controller?.stay();
    else this.controller?.dismiss();
  }

  /** Escape means stay. A window that has nothing to stay for just closes. @param {Event} event */
  #escape(event) {
    event.preventDefault();
    if (this.#view?.extendable) this.controller?.stay();
    else this.controller?.dismiss();
  }
}

/** Only what differs: a live region speaks whenever it is written to. @param {Element} node @param {string} text */
const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

if (!customElements.get('session-countdown')) customElements.define('session-countdown', SessionCountdown);

// A module has no document.currentScript; the tag that asks for a start is known by its address.
const tag = [...document.scripts].find(script => script.src === import.meta.url && 'sessionLifetime' in script.dataset);
if (tag) start(/** @type {Options} */ ({ ...tag.dataset }));

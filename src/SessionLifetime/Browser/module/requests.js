/**
 * The app's own requests: they carry the ids, and their answers tell of the session.
 *
 * @import { Activity } from './activity.js'
 * @import { Attachment } from './attachment.js'
 * @import { Context } from './context.js'
 * @import { Signals } from './signals.js'
 * @import { Timing } from './timing.js'
 * @import { Transitions } from './transitions.js'
 * @typedef {ReturnType<typeof createRequests>} Requests
 */
import { now, since } from './clock.js';
import { say } from './options.js';

/**
 * @param {Context} context
 * @param {Timing} timing
 * @param {Activity} activity
 * @param {Transitions} transitions
 * @param {Signals} signals
 * @param {Attachment} attachment
 */
export const createRequests = (context, timing, activity, { _end }, signals, attachment) => {
  /** Until then, an answer that doubts the session causes no other check. */
  let checkedUntil = 0;

  const requests = {
    /** Whether a request to this address carries the ids now. @param {string | URL} url */
    _includes: url => (context._page || context._leaving) && context._settings._includes(url),

    /** @param {boolean} hasOwn the app has set the header itself @param {(name: string, value: string) => void} set */
    _carry: (hasOwn, set) => {
      activity._covered = activity._input;
      if (!hasOwn) Object.entries(context._headers()).forEach(header => set(...header));
    },

    /**
     * Reads what an answer to the app says of the session.
     *
     * @param {(name: string) => string | null} get @param {string} url @param {boolean} hasCookies whether the request could carry any
     * @param {string | null} [sent] the id it answers
     */
    _observe: (get, url, hasCookies, sent) => {
      if (!requests._includes(url)) return;
      const state = get('X-Session-State'), location = get('X-Session-Location'), to = location && URL.parse(location, url)?.href;
      // The end may be known already, but not where to go.
      if (state === 'ended' && to && /^https?:/.test(to)) return _end('Exited', to);
      const id = get('X-Session-Id');
      // Nothing sent: the server may have started a session because the app wrote to one.
      if (id && (context._attached || !sent) && sent === context._ids.sid) attachment._adopt(id);
      if (!context._attached || !sent) return;
      if (state === 'refused' && !hasCookies) say(`${url} refused the session (wrongBrowser), for the request carried no cookie: it needs credentials: 'include'.`);
      if (state) {
        // Another app behind the same origin may not know the id: the session's own server has the last word, and the reason.
        if (performance.now() > checkedUntil) {
          checkedUntil = performance.now() + 1000;
          signals._check();
        }
        return;
      }
      const signal = get('X-Session-Signal');
      if (signal === 'activity') {
        signals._signalled = activity._reported = now();
        activity._input = null;
      } else if (signal !== 'alive' || context._failures || since(signals._signalled) > (context._status?.pingEveryMs ?? 0)) {
        // A file, or another server's; or from a cache, which keeps the word of an answer: it postpones a ping once, not for ever.
        return;
      }
      timing._schedulePing();
    },

    /** @param {typeof fetch} native @param {Parameters<typeof fetch>} args @returns {Promise<Response>} */
    _fetch: (native, ...args) => {
      const [input, init] = args;
      let /** @type {Request} */ request, /** @type {Request | undefined} */ plain, isForeign = false;
      try {
        const url = Object.prototype.toString.call(input) === '[object Request]' ? /** @type {Request} */ (input).url : /** @type {string} */ (input);
        if (!args.length || init?.session === false || !requests._includes(url)) return native(...args);
        // What fetch itself does first; body, signal, keepalive and the rest are carried over by the platform.
        request = new Request(input, init);
        isForeign = context._settings._isForeign(url);
        if (isForeign && init?.credentials === undefined && request.credentials === 'same-origin') request = new Request(request, { credentials: 'include' });
        if (request.mode === 'no-cors') {
          if (isForeign) say(`${url}: to another origin a request of mode "no-cors" carries no session.`);
          // That mode drops the header; the same without it, where a redirect leads to another origin.
          else [plain, request] = [request, new Request(request, { mode: 'same-origin' })];
        }
      } catch {
        return native(...args);
      }
      const send = async () => {
        const { sid } = context._ids;
        requests._carry(request.headers.has(context._settings.idHeader), (name, value) => request.headers.set(name, value));
        let response;
        try {
          response = await native(request);
        } catch (error) {
          if (!plain || request.signal.aborted) throw error;
          if (/^(GET|HEAD)$/.test(plain.method)) return native(plain);
          say(`${plain.url}: with a session, a form of mode "no-cors" cannot be redirected to another origin.`);
          throw error;
        }
        const hasCookies = request.credentials === 'include' || request.credentials === 'same-origin' && !isForeign;
        requests._observe(name => response.headers.get(name), response.url, hasCookies, sid);
        return response;
      };
      return context._startup ? context._startup.then(send) : send();
    },
  };
  return requests;
};

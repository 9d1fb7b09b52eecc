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
    _includes: url => context._page && context._settings._includes(url),

    /** @param {boolean} hasOwn the app has set the header itself @param {(name: string, value: string) => void} set */
    _carry: (hasOwn, set) => {
      activity._covered = activity._input;
      if (!hasOwn) Object.entries(context._headers()).forEach(header => set(...header));
    },

    /**
     * Reads what an answer to the app says of the session.
     *
     * @param {(name: string) => string | null} get @param {string} url @param {number} status @param {string | null} [sent] the id it answers
     */
    _observe: (get, url, status, sent) => {
      if (!requests._includes(url)) return;
      const state = get('X-Session-State'), location = get('X-Session-Location'), to = location && URL.parse(location, url)?.href;
      // The end may be known already, but not where to go.
      if (state === 'ended' && to && /^https?:/.test(to)) return _end('Exited', to);
      const id = get('X-Session-Id');
      // Nothing sent: the server may have started a session because the app wrote to one.
      if (id && (context._attached || !sent) && sent === context._ids.sid) attachment._adopt(id);
      if (!context._attached || !sent) return;
      if (state) {
        // Another app behind the same origin may not know the id: the session's own server has the last word, and the reason.
        if (performance.now() > checkedUntil) {
          checkedUntil = performance.now() + 1000;
          signals._check();
        }
        return;
      }
      const signal = get('X-Session-Signal');
      // A file from a cache or another server looks the same and told the server nothing: such answers postpone the page's own signals
      // once, not for ever.
      if (status >= 500 || signal === 'none' || context._failures || since(signals._signalled) > (context._status?.pingEveryMs ?? 0)) return;
      if (!signal) {
        activity._reported = now();
        activity._input = null;
      }
      timing._schedulePing();
    },

    /** @param {typeof fetch} native @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
    _fetch: (native, input, init) => {
      if (!requests._includes(/** @type {any} */ (input)?.url ?? input)) return native(input, init);
      let /** @type {Request} */ request;
      try {
        // What fetch itself does first; body, signal, keepalive and the rest are carried over by the platform.
        request = new Request(input, init);
      } catch {
        return native(input, init);
      }
      const send = async () => {
        const { sid } = context._ids;
        requests._carry(request.headers.has(context._settings.idHeader), (name, value) => request.headers.set(name, value));
        const response = await native(request);
        requests._observe(name => response.headers.get(name), response.url, response.status, sid);
        return response;
      };
      return attachment._startup ? attachment._startup.then(send) : send();
    },
  };
  return requests;
};

/**
 * Calls of the protocol.
 *
 * @import { EndReason } from '../session-lifetime.js'
 * @import { Context } from './context.js'
 * @import { Dialog } from './dialog.js'
 * @import { Timing } from './timing.js'
 * @typedef {ReturnType<typeof createTransport>} Transport
 */

/**
 * @param {Context} context
 * @param {Dialog} dialog
 * @param {Timing} timing
 * @param {(sid: string) => unknown} onId the server gave another id
 * @param {(reason: EndReason | null) => unknown} onEnded
 * @param {() => unknown} onUnknown the server does not know the session, or refuses it
 */
export const createTransport = (context, dialog, timing, onId, onEnded, onUnknown) => {
  /** The browser's own, whatever `window.fetch` becomes. */
  const native = fetch.bind(window);

  /** @param {Response | undefined} response */
  const lost = response => {
    const longest = Math.max(1000, context._status?.pingEveryMs ?? 60_000);
    const asked = Number(response?.headers.get('Retry-After')) * 1000 || 0;
    timing._schedulePing(Math.max(asked, Math.min(longest, 1000 * 2 ** context._failures)));
    if (!context._failures++) context._tellsAway = context._emit('unreachable', { status: response?.status ?? 0 }, true);
    dialog._render();
  };

  return {
    _fetch: native,

    /**
     * One call: the answer's body, or null when there is nothing to go on with.
     *
     * @param {string} method @param {string} path @param {object} [body] @param {number} [patience] how long the answer may take
     * @returns {Promise<any>}
     */
    _send: async (method, path, body, patience = 10_000) => {
      const { _page, _ids: { sid } } = context;
      let response, answer;
      try {
        response = await native(context._settings._url + path, {
          method, cache: 'no-store', credentials: 'include',
          headers: { ...context._headers(), ...(body && { 'Content-Type': 'application/json' }) },
          body: body && JSON.stringify(body),
          signal: AbortSignal.any([context._stopped.signal, AbortSignal.timeout(patience)]),
        });
        if (/\bjson\b/.test(response.headers.get('Content-Type') ?? '')) answer = await response.json();
      } catch { /* Not reached, or cut off. */ }
      // The page was left or stopped meanwhile.
      if (_page !== context._page || context._phase === 'ended') return null;

      // Only the protocol's own header is believed: proxies, sign-in pages and error pages also answer 404, 410 and 200.
      const state = response?.headers.get('X-Session-State');
      if (response?.ok ? !answer && response.status !== 204 : !state) {
        lost(response);
        return null;
      }
      if (context._failures) {
        context._failures = 0;
        context._emit('reachable');
        dialog._render();
      }
      if (response?.ok) {
        if (answer?.id && sid === context._ids.sid) onId(answer.id);
        return answer ?? {};
      }
      if (state === 'ended') onEnded(answer?.reason ?? null);
      else if (path === '/exit') return {};
      else await onUnknown();
      return null;
    },
  };
};

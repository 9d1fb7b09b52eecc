/**
 * The options of `start()`, with their defaults and what follows from them.
 *
 * @import { Options } from '../session-lifetime.js'
 * @typedef {ReturnType<typeof readSettings>} Settings
 */

/** @param {Options} options */
export const readSettings = options => {
  const prefix = new URL(options.prefix ?? new URL('.', import.meta.url), document.baseURI);
  const list = [options.origins ?? []].flat().join(' ').match(/\S+/g) ?? [];
  /** @type {Set<unknown>} */
  const origins = new Set([origin, prefix.origin, ...list.map(other => new URL(other).origin)]);
  return {
    idHeader: 'X-Session-Id', pageHeader: 'X-Session-Page', storage: 'tab', keepAlive: 'alive', duplicates: 'new', ...options,
    _url: prefix.href.replace(/\/$/, ''),
    /** Names storage, locks and channels, so that two apps of one origin stay apart. */
    _key: `session-lifetime ${prefix.origin === origin ? '' : prefix.origin}${prefix.pathname.replace(/\/$/, '')}`,
    _shared: options.storage === 'browser',
    /** Whether requests to this address carry the id. @param {string | URL} url */
    _includes: url => origins.has(URL.parse(url, document.baseURI)?.origin),
  };
};

/** @param {unknown} option */
export const isOn = option => option !== false && option !== 'off';

/**
 * The options of `start()`, with their defaults and what follows from them.
 *
 * @import { Options } from '../session-lifetime.js'
 * @typedef {ReturnType<typeof readSettings>} Settings
 */
import { listOf, readOptions } from './options.js';
import { doc } from './page.js';

/** @param {Options} given */
export const readSettings = given => {
  const options = readOptions(given);
  const urlOf = (/** @type {string | URL} */ text) => new URL(text, doc.baseURI);
  const prefix = urlOf(options.prefix ?? new URL('.', import.meta.url));
  const exempt = listOf(options.exempt).map(urlOf);
  /** @type {Set<unknown>} */
  const origins = new Set([origin, prefix.origin, ...listOf(options.origins).map(other => urlOf(other).origin)]);
  return {
    idHeader: 'X-Session-Id', pageHeader: 'X-Session-Page', storage: 'tab', keepAlive: 'alive', duplicates: 'new', ...options,
    _url: prefix.href.replace(/\/$/, ''),
    /** Names storage, locks and channels, so that two apps of one origin stay apart. */
    _key: `session-lifetime ${prefix.origin === origin ? '' : prefix.origin}${prefix.pathname.replace(/\/$/, '')}`,
    _shared: options.storage === 'browser',
    /** Whether requests to this address carry the id. @param {string | URL} url */
    _includes: url => {
      const to = URL.parse(url, doc.baseURI);
      return !!to && origins.has(to.origin) && !exempt.some(path =>
        path.origin === to.origin && `${to.pathname}/`.startsWith(path.pathname.replace(/\/?$/, '/')));
    },
    /** @param {string | URL} url */
    _isForeign: url => URL.parse(url, doc.baseURI)?.origin !== origin,
  };
};

/** @param {unknown} option */
export const isOn = option => option !== 'off';

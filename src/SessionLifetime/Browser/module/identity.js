/**
 * The ids of this page: session, tab and page; and their storage.
 *
 * @import { Controller } from '../session-lifetime.js'
 * @import { Settings } from './settings.js'
 * @typedef {{ sid?: string | null, tab?: string, told?: string }} Ids told: the session whose absolute end the user was shown
 * @typedef {ReturnType<typeof createIdentity>} Identity
 */

/** Storage and messages may hold anything. @param {unknown} value @returns {value is string} */
export const isId = value => typeof value === 'string' && /^[\w-]{1,64}$/.test(value);

/** @param {Settings} settings */
export const createIdentity = ({ _key, _shared, idHeader, pageHeader }) => {
  const identity = {
    /** @type {Ids} */
    _ids: {},
    /** Empty while there is no page: before the start, in the back-forward cache, after the stop. */
    _page: '',
    /** The page that is being left: its last requests are the session's, too. */
    _leaving: '',
    /** In a frame, the controller of the page around it, whose session is this page's too. */
    _parent: /** @type {Controller | undefined} */ (undefined),

    /** @returns {Ids} */
    _load: () => {
      try {
        const { sid, tab, told } = JSON.parse(sessionStorage.getItem(_key) ?? '{}');
        return Object.fromEntries(Object.entries({ sid: _shared ? localStorage.getItem(_key) : sid, tab, told }).filter(([, id]) => isId(id)));
      } catch {
        return { ...identity._ids };
      }
    },

    /** @param {Ids} change */
    _save: change => {
      const { sid, ...rest } = Object.assign(identity._ids, change);
      if (identity._parent) return;
      try {
        sessionStorage.setItem(_key, JSON.stringify(_shared ? rest : identity._ids));
        if (_shared && sid) localStorage.setItem(_key, sid);
      } catch { /* Storage is blocked or full: the ids stay in memory. */ }
    },

    /** The app may have cleared the storage. */
    _restore: () => {
      const { sid, tab } = identity._load();
      if (!tab || !sid) identity._save({ sid: sid ?? identity._ids.sid });
    },

    /** Takes the id of the page around this frame. */
    _useParentId: () => { identity._ids = { sid: identity._parent?.headers()[idHeader] }; },

    /** @returns {Record<string, string>} */
    _headers: () => {
      const page = identity._page || identity._leaving;
      return { ...(identity._ids.sid && { [idHeader]: identity._ids.sid }), ...(page && { [pageHeader]: page }) };
    },
  };
  return identity;
};

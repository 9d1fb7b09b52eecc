/**
 * How a page finds its ids: in the page around it, or in the storage of its tab.
 *
 * @import { EndReason } from '../session-lifetime.js'
 * @import { Context } from './context.js'
 */
import { createTabClaim } from './duplicates.js';
import { KEY, once, outermost, randomId, unhidden } from './page.js';

/** @param {Context} context @param {(reason: EndReason | null) => unknown} onEnded the session of the page around this frame has ended */
export const createIdentification = (context, onEnded) => {
  const { _shared, duplicates } = context._settings;
  const claim = createTabClaim(context._settings, context);

  return {
    /**
     * Finds the ids of this page. What a page gets in other ways than by storage (rendered by the server, relayed over a navigation)
     * belongs here, before what storage says.
     *
     * @param {string} page @param {boolean} back
     */
    _identify: async (page, back) => {
      const outer = outermost(window);
      if (outer !== window) {
        if (!outer[KEY] && unhidden(outer.document).readyState !== 'complete') await once(outer, 'load');
        const parent = context._parent = outer[KEY];
        await parent?.ready;
        if (parent?.state === 'ended') onEnded(parent.reason);
        if (parent) return context._useParentId();
      }
      let { sid, tab, told } = context._load();
      if (!tab || !await claim._claim(tab, page, back)) {
        // The copy of a tab takes over nothing, unless it was asked to share.
        if (tab && !_shared && duplicates === 'new') sid = undefined;
        tab = randomId();
        await claim._claim(tab, page, false);
      }
      if (page === context._page) context._save({ sid, tab, told });
    },

    /** The tab id is free for another page of the tab. */
    _release: () => claim._release(),
  };
};

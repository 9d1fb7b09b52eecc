/**
 * The script of the page that looks up the session of its tab, for a navigation that came without the tab's token: from another site, in a new tab.
 * It leaves a token of that session in the relay cookie, or the mark that the tab has none, and loads the address anew.
 */
import { createTabClaim } from './duplicates.js';
import { createIdentity } from './identity.js';
import { randomId } from './page.js';
import { hashOf, writeCookie } from './relay-cookie.js';
import { idHeader, now } from './relay-tag.js';
import { readSettings } from './settings.js';

const settings = readSettings(idHeader ? { idHeader } : {});

/** The id of the tab's session; in a copy of another tab that is still open, none. @param {string} [tab] @param {string | null} [sid] */
const ownId = async (tab, sid) => {
  if (!sid || !tab) return sid;
  const claim = createTabClaim(settings, createIdentity(settings));
  const isOwn = await claim._claim(tab, randomId(), false);
  claim._release();
  return isOwn && sid;
};

const findToken = async () => {
  try {
    const { tab, sid } = createIdentity(settings)._load();
    const id = await ownId(tab, sid) || localStorage.getItem(settings._key);
    if (!id) return;
    const answer = await fetch(new URL('relay', import.meta.url), { method: 'POST', cache: 'no-store', headers: { [settings.idHeader]: id } });
    return (await answer.json()).tokens?.[0];
  } catch { /* Storage is blocked, or the server is not reached: the page says what it knows. */ }
};

const { href } = location;
writeCookie(await findToken() ?? `none.${now}`, hashOf(href));
// Not reload(): Firefox takes it for another request of the site that led here, and sends no Strict cookie. To replace an address that differs in its
// fragment only would load nothing.
if (href.includes('#')) history.replaceState(null, '', href.replace(/#.*/, location.search ? '&' : '?'));
location.replace(href);

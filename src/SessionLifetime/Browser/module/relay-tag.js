/** The tag of the relay, by which the server tells the page's path and session. */
import { scriptTag } from './page.js';

const { path: given = '/', renderedFor, answersForm, token, now, idHeader } = scriptTag(import.meta.url, 'sessionLifetimeRelay')?.dataset ?? {};

/** The path that the cookies are for. */
export const path = /^\/[^;,\s]*$/.test(given) ? given : '/';

/** The session the page was rendered for; empty for none, undefined where the page is everybody's. */
export { renderedFor };

/** Whether the page is the answer to a form. */
export const isFormAnswer = answersForm !== undefined;

/** A token for a navigation before the module has been answered. */
export { token as firstToken };

/** Of the page that looks up a tab's session: the server's clock, in seconds, and the header of the id. */
export { now, idHeader };

/** The tag of the relay, by which the server tells the page's path and session. */
import { scriptTag } from './page.js';

const { path: given = '/', renderedFor, answersForm, returns, token } = scriptTag(import.meta.url, 'sessionLifetimeRelay')?.dataset ?? {};

/** The path that the cookies are for. */
export const path = /^\/[^;,\s]*$/.test(given) ? given : '/';

/** The session the page was rendered for; empty for none, undefined where the page is everybody's. */
export { renderedFor };

/** Whether the page only asks its tab for the session, and leads to the page that was asked for. */
export const isReturn = returns !== undefined;

/** Whether the page is the answer to a form. */
export const isFormAnswer = answersForm !== undefined;

/** A token for a navigation before the module has been answered. */
export { token as firstToken };

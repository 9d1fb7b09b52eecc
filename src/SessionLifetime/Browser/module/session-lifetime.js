/**
 * SessionLifetime in the browser: gives this page its session, keeps it alive, warns of its end, and tells the server when the page is left.
 * The server decides; no timer here ends a session.
 */
import { SessionCountdown } from './countdown.js';
import { scriptTag } from './page.js';
import { start } from './start.js';

export { SessionCountdown, start };

// An element may be defined once only, and this file may be loaded under two addresses.
if (!customElements.get('session-countdown')) customElements.define('session-countdown', SessionCountdown);

// A module has no document.currentScript; the tag that asks for a start is known by its address.
if (scriptTag(import.meta.url, 'sessionLifetime')) start();

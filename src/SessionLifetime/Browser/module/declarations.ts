/** Compiled, never run: the modules agree with the declarations that are published, and those with their use. */
import { later } from './clock.js';
import * as implementation from './session-lifetime.js';
import * as blazor from './session-lifetime-blazor.js';
import * as signalr from './session-lifetime-signalr.js';
import { start, SessionCountdown, type Controller, type Options } from '../session-lifetime.js';
import * as declaredBlazor from '../session-lifetime-blazor.js';
import * as declaredSignalr from '../session-lifetime-signalr.js';

const declared: { start: typeof start; SessionCountdown: new () => SessionCountdown } = implementation;
const options: Options = { storage: 'browser', keepAlive: 'stretch', strings: { title: 'Hello?' } };
const session: Controller = declared.start(options);
session.addEventListener('sessionlifetime:ended', event => event.detail.reason satisfies string | null);
document.addEventListener('sessionlifetime:timeout', event => event.detail.countdownMs.toFixed());
document.createElement('session-countdown').close();

declaredSignalr.signalR({ logger: 1 }).logger.toFixed();
signalr.signalR({ logger: 1 }).WebSocket satisfies typeof WebSocket;
signalr satisfies Pick<typeof declaredSignalr, 'current' | 'SessionWebSocket'>;
new signalr.SessionWebSocket('/x', ['chat']) satisfies WebSocket;
new signalr.SessionEventSource('/x', { withCredentials: true }) satisfies Pick<EventSource, 'url' | 'readyState' | 'withCredentials' | 'close'>;

blazor satisfies typeof declaredBlazor;

// The check finds wrong types in the modules and in their use.
// @ts-expect-error
later('soon', 1);
// @ts-expect-error
implementation.start({ storage: 'nowhere' });

import type { Controller } from './session-lifetime.js';

/** The controller of the page, or of the page around it. Throws before session-lifetime.js was started. */
export function current(): Controller;

/** A WebSocket of the session: it offers the id as a subprotocol, to the page's own origin and that of this module. */
export class SessionWebSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]);
}

/** An EventSource of the session, by a one-use ticket. It opens anew with a new ticket where the browser would just come back. */
export class SessionEventSource extends EventTarget {
  static readonly CONNECTING: number;
  static readonly OPEN: number;
  static readonly CLOSED: number;
  constructor(url: string | URL, init?: EventSourceInit);
  readonly url: string;
  readonly withCredentials: boolean;
  readyState: number;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  close(): void;
}

/** The options for SignalR's `withUrl(url, options)`, with your own. */
export function signalR<T extends object>(options?: T): { WebSocket: typeof SessionWebSocket; EventSource: typeof SessionEventSource } & T;

/** Why a session ended. The server's word; a later version may add some. */
export type EndReason =
  | 'Exited' | 'IdleTimeout' | 'SignalLost' | 'SelfDestructed' | 'AbsoluteTimeout' | 'Revoked' | 'Displaced' | 'HostStopping';

/** How the session stands. All times are durations in milliseconds, measured by the server when it answered. */
export interface Status {
  /** The public id: safe to show and to log. */
  session: string;
  state: 'active' | 'timedOut';
  /** The countdown is due now. */
  countdown: boolean;
  /** What the countdown shows. */
  countdownMs: number | null;
  /** Whether "stay" would help. A session at the end of its longest life cannot be extended. */
  extendable: boolean;
  /** Until `SessionTimeout` would be raised; null: never, or raised already. */
  timeoutInMs: number | null;
  /** Until the session ends if nothing more happens; null: never. */
  endsInMs: number | null;
  endsBy: EndReason | null;
  /** How soon the server wants to hear from an open page. */
  pingEveryMs: number;
}

/** What became of the id this page came with, when the server gave it a new session instead. */
export interface Previous {
  state: 'ended' | 'unknown' | 'refused';
  reason: EndReason | null;
}

/** Every option is also an attribute of the script tag: `keepAlive` is `data-keep-alive`. */
export interface Options {
  /** Where `MapSessionLifetime()` answers. Default: the folder this module was loaded from. */
  prefix?: string;
  /** The request header that carries the session id. Default `X-Session-Id`. */
  idHeader?: string;
  /** The request header that carries the page id. Default `X-Session-Page`. */
  pageHeader?: string;
  /** `tab` (default): a session of its own for each tab. `browser`: all tabs share one, and it survives the browser. */
  storage?: 'tab' | 'browser';
  /**
   * What an open page says while its user does nothing. `alive` (default): that it is there; `stretch`: that it wants the session to
   * live as long as it is open; `off`: nothing, so the server's clocks run out.
   */
  keepAlive?: 'alive' | 'stretch' | 'off';
  /** A duplicated tab gets a `new` session (default) or goes on to `share` the one it was copied from. */
  duplicates?: 'new' | 'share';
  /**
   * How a duplicated tab is found. `auto` (default): by Web Lock, or by BroadcastChannel on insecure origins, which have no locks.
   * Beside Blazor, whose automatic pause counts locks, `auto` is `channel`; choose it where something else counts them.
   */
  duplicateDetection?: 'auto' | 'lock' | 'channel' | 'off';
  /** Other origins that are given the id, with credentials: an array, or a list separated by blanks. Default: none. */
  origins?: string | string[];
  /** Paths that are not, nor what is below them: an array, or a list separated by blanks. For what the server redirects to another origin. */
  exempt?: string | string[];
  /** Whether `fetch`, `XMLHttpRequest` and `sendBeacon` carry the headers by themselves. Default `on`. */
  patch?: boolean | 'on' | 'off';
  /** Whether the user is there while audio or video plays in the page. Default `off`. */
  media?: boolean | 'on' | 'off';
  /** `never`: the page joins its tab's session, and starts none where that has ended: for a page that says good-bye. Default `always`. */
  start?: 'always' | 'never';
  /** The window: `on` (default), `off`, an element, or the name of your own (a subclass of `SessionCountdown`). */
  countdown?: boolean | 'on' | 'off' | (string & {}) | SessionCountdown;
  /** Whether a notice says that the server is away. Default `on`. */
  notice?: boolean | 'on' | 'off';
  /** Where the browser goes when the session has ended. Default: it stays and says why. */
  endedUrl?: string;
  /** Language of the built-in texts, `en` or `de`. Default: the document's, then the browser's. */
  lang?: string;
  /** The one-time token of a session that the server has started for this page; `<session-lifetime />` writes it. */
  handOver?: string;
  /** Texts that replace the built-in ones; JSON in `data-strings`. */
  strings?: Partial<Strings> | string;
}

export interface Strings {
  title: string;
  message: string;
  absoluteTitle: string;
  absoluteMessage: string;
  failing: string;
  endedTitle: string;
  /** Then one for each reason; `ended` is for those without. */
  ended: string;
  IdleTimeout: string;
  SignalLost: string;
  AbsoluteTimeout: string;
  Exited?: string;
  SelfDestructed?: string;
  Revoked: string;
  Displaced: string;
  HostStopping: string;
  stay: string;
  leave: string;
  dismiss: string;
  restart: string;
  /** What assistive technology hears, `{time}` being "5 minutes". */
  left: string;
  /** Words for the time where `Intl` does not know the language; `{n}` is the number. */
  minute?: string;
  minutes?: string;
  second?: string;
  seconds?: string;
}

/** Fired on the controller, then on `document`, and from there to `window`. */
export interface SessionLifetimeEventMap {
  /** A new session. */
  'sessionlifetime:started': CustomEvent<{ status: Status }>;
  /** This page joined a session that was there before. */
  'sessionlifetime:resumed': CustomEvent<{ status: Status }>;
  /** The session this page came with is gone, a new one has taken its place: what the page shows may be stale. */
  'sessionlifetime:restarted': CustomEvent<{ status: Status; previous: Previous }>;
  /** The countdown is due. `preventDefault()`: no window; call `stay()` or `leave()` from your own. */
  'sessionlifetime:timeout': CustomEvent<{ status: Status; countdownMs: number; extendable: boolean; endsBy: EndReason | null }>;
  /** A timed-out session is active again. */
  'sessionlifetime:active': CustomEvent<{ status: Status }>;
  /** The session has ended. `preventDefault()`: neither window nor redirect. */
  'sessionlifetime:ended': CustomEvent<{ reason: EndReason | null; location: string | null }>;
  /** The server gave no answer, or one that is not of the protocol. It is asked again. `preventDefault()`: no notice. */
  'sessionlifetime:unreachable': CustomEvent<{ status: number }>;
  'sessionlifetime:reachable': CustomEvent<{}>;
  /** This page was rendered for another session than its tab's. Then it is loaded anew, once; `preventDefault()`: it is not. (The relay.) */
  'sessionlifetime:mismatch': CustomEvent<{ renderedFor: string | null; session: string }>;
  /** What the browser lacks, by name: `URL.parse` for example, or `origin` in a sandboxed frame without one. */
  'sessionlifetime:unsupported': CustomEvent<{ missing: string[] }>;
}

export interface Controller extends EventTarget {
  /** Resolves with the first answer of the server, with null where sessions are unsupported. Never rejects. */
  readonly ready: Promise<Status | null>;
  readonly state: 'starting' | 'active' | 'timedOut' | 'ended' | 'stopped' | 'unsupported';
  /** The server's last word; its durations were true when it arrived. */
  readonly status: Status | null;
  /** Why the session ended; null while it lives, or if the server did not say. */
  readonly reason: EndReason | null;
  /** Milliseconds left to the countdown, by the clock, never below 0; null while there is none. */
  readonly left: number | null;
  /** The user is here, in a way the page does not show: a game, a film, a drawing. As good as a key press. */
  active(): void;
  /** Asks the server how things stand; touches nothing. Resolves when an answer no older than the call has been acted on. */
  check(): Promise<void>;
  /** The user is here. Resolves with whether the server agreed, after retries if it cannot be reached; false without a session. */
  stay(): Promise<boolean>;
  /** Ends the session. Resolves with whether it has ended. */
  leave(): Promise<boolean>;
  /** Closes the window of a countdown that cannot be extended, or of an ended session. The clocks go on. */
  dismiss(): void;
  /** After the end: a new session for this page; with `true` the page is loaded anew for it. */
  restart(reloads?: boolean): Promise<void>;
  /** What a request to the app has to carry. Empty until `ready`. */
  headers(): Record<string, string>;
  /** `fetch` with the headers, for those who set `patch` to `off`. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** Subprotocols for `new WebSocket(url, session.protocols('chat'))`. */
  protocols(...own: string[]): string[];
  /** A ticket for one connection that can only carry a URL (`?session-ticket=`); null if the server gave none. */
  ticket(): Promise<string | null>;
  /** Says good-bye and leaves nothing behind: no listener, timer, lock, channel, patch or element. */
  stop(): void;

  addEventListener<K extends keyof SessionLifetimeEventMap>(
    type: K, listener: (this: Controller, event: SessionLifetimeEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof SessionLifetimeEventMap>(
    type: K, listener: (this: Controller, event: SessionLifetimeEventMap[K]) => unknown, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/** Starts the one session of this page. Called again it returns the same controller, whatever the options. */
export function start(options?: Options): Controller;

/** What the window shows. */
export interface View {
  /** Also the element's `state` attribute, for styling. */
  state: 'warning' | 'absolute' | 'failing' | 'ended';
  extendable: boolean;
  /** Milliseconds left. */
  left: number;
  reason: EndReason | null;
  strings: Strings;
  lang: string;
}

/**
 * The window, `<session-countdown>`. Put one on the page to fill its slots (`title`, `message`, `stay`, `leave`, and one without a name for
 * more text), or let the module add it. Parts: `dialog countdown title message note actions stay leave`.
 * Properties: `--sl-surface --sl-text --sl-muted --sl-accent --sl-on-accent --sl-line --sl-urgent --sl-backdrop --sl-radius --sl-font
 * --sl-size`.
 */
export class SessionCountdown extends HTMLElement {
  /** Set by the module. A subclass calls its `stay()`, `leave()`, `dismiss()`. */
  controller: Controller | null;
  /** Opens the window or brings it up to date. Called at each change, and when the visible time changes. */
  update(view: View): void;
  close(): void;
}

declare global {
  interface RequestInit {
    /** `false`: the request does not carry the id. */
    session?: boolean;
  }
  interface HTMLElementTagNameMap {
    'session-countdown': SessionCountdown;
  }
  interface DocumentEventMap extends SessionLifetimeEventMap {}
  interface WindowEventMap extends SessionLifetimeEventMap {}
}

/**
 * Starts Blazor Server with the session of this tab, once it is known. Blazor's reconnect dialog and the countdown's window never show at
 * once: while the window is open the dialog waits, and after the end of the session it does not come at all.
 *
 * @import { Controller } from '../session-lifetime.js'
 * @typedef {{ onConnectionDown: (...args: any[]) => void, onConnectionUp: () => void }} Handler
 */
import { delay } from './clock.js';
import { doc, scriptTag } from './page.js';
import { current, signalR } from './session-lifetime-signalr.js';

/** How long the reconnect dialog waits to hear whether the session has ended. */
const PATIENCE = 1000;

/** @implements {Handler} */
class Reconnection {
  #session;
  /** Blazor's own handler, or the app's. */
  #handler;
  /** What Blazor said when the connection broke; null while it is up. @type {any[] | null} */
  #down = null;
  #asking = false;
  #shown = false;

  /** @param {Controller} session @param {() => Handler | undefined} handler */
  constructor(session, handler) {
    this.#session = session;
    this.#handler = handler;
    for (const name of ['timeout', 'active', 'ended', 'restarted', 'started', 'resumed']) {
      session.addEventListener(`sessionlifetime:${name}`, () => queueMicrotask(() => this.#arrange()));
    }
  }

  /** @param {any[]} args */
  onConnectionDown(...args) {
    this.#down = args;
    this.#asking = true;
    Promise.race([this.#session.check(), delay(PATIENCE)]).finally(() => {
      this.#asking = false;
      this.#arrange();
    });
  }

  onConnectionUp() {
    this.#down = null;
    this.#arrange();
  }

  /** Shows Blazor's dialog exactly while the connection is broken and the window is closed. */
  #arrange() {
    const shows = !!this.#down && !this.#asking && !this.#hasWindow();
    if (shows === this.#shown) return;
    this.#shown = shows;
    if (shows) this.#handler()?.onConnectionDown(.../** @type {any[]} */ (this.#down));
    else this.#handler()?.onConnectionUp();
  }

  #hasWindow() {
    const { state, status } = this.#session;
    if (state === 'ended') return true;
    if (!status?.countdown) return false;
    if (status.extendable) return true;
    // The warning of a longest life may have been closed by its reader, which no event tells.
    const dialog = doc.querySelector('session-countdown')?.shadowRoot?.querySelector('dialog');
    dialog?.addEventListener('close', () => this.#arrange(), { once: true });
    return !!dialog?.open;
  }
}

/**
 * Starts Blazor. Call it instead of `Blazor.start()`, with the same options.
 *
 * @param {any} [options]
 */
export async function startBlazor(options = {}) {
  const { Blazor } = /** @type {any} */ (window);
  const session = current();
  await session.ready;
  const { circuit = {} } = options;
  const connection = {
    ...circuit,
    /** @param {any} builder */
    configureSignalR: builder => {
      builder.withUrl('_blazor', signalR());
      circuit.configureSignalR?.(builder);
    },
    reconnectionHandler: new Reconnection(session, () => circuit.reconnectionHandler ?? Blazor.defaultReconnectionHandler),
  };
  try {
    await Blazor.start({ ...options, ...connection, circuit: connection });
  } catch (error) {
    if (!/already started/i.test(String(error))) throw error;
    throw new Error('Blazor has already started, so its circuit has no session: put autostart="false" on the tag of its script.', { cause: error });
  }
}

if (scriptTag(import.meta.url, 'sessionLifetime')) startBlazor().catch(reportError);

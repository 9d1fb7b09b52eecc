/**
 * Starts Blazor Server with the session of this tab, once it is known. Its reconnect dialog and our window never show at once: while ours
 * is open theirs waits, and after the end of the session it does not come at all.
 *
 * @typedef {import('./session-lifetime.js').Controller} Controller
 * @typedef {{ onConnectionDown: (...args: any[]) => void, onConnectionUp: () => void }} Handler
 */

import { current, signalR } from './session-lifetime-signalr.js';

/** How long the reconnect dialog waits to hear whether the session has ended. */
const PATIENCE = 1000;

/** @implements {Handler} */
class Reconnection {
  #session;
  #theirs;
  /** What Blazor said when the connection broke; null while it stands. @type {any[] | null} */
  #down = null;
  #asking = false;
  #shown = false;

  /** @param {Controller} session @param {() => Handler | undefined} theirs */
  constructor(session, theirs) {
    this.#session = session;
    this.#theirs = theirs;
    for (const name of ['timeout', 'active', 'ended', 'restarted', 'started', 'resumed']) {
      session.addEventListener(`sessionlifetime:${name}`, () => queueMicrotask(() => this.#arrange()));
    }
  }

  /** @param {any[]} args */
  onConnectionDown(...args) {
    this.#down = args;
    this.#asking = true;
    Promise.race([this.#session.check(), new Promise(resolve => setTimeout(resolve, PATIENCE))]).finally(() => {
      this.#asking = false;
      this.#arrange();
    });
  }

  onConnectionUp() {
    this.#down = null;
    this.#arrange();
  }

  /** Shows their dialog exactly while the connection is broken and nothing of ours is to be seen. */
  #arrange() {
    const shows = !!this.#down && !this.#asking && !this.#isOurs();
    if (shows === this.#shown) return;
    this.#shown = shows;
    if (shows) this.#theirs()?.onConnectionDown(.../** @type {any[]} */ (this.#down));
    else this.#theirs()?.onConnectionUp();
  }

  #isOurs() {
    const { state, status } = this.#session;
    if (state === 'ended') return true;
    if (!status?.countdown) return false;
    if (status.extendable) return true;
    // The warning of a longest life may have been closed by its reader, which no event tells.
    const dialog = document.querySelector('session-countdown')?.shadowRoot?.querySelector('dialog');
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

const tag = [...document.scripts].find(script => script.src === import.meta.url && 'sessionLifetime' in script.dataset);
if (tag) startBlazor().catch(reportError);

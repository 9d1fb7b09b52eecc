/**
 * Browsers and frames that the module cannot work in: it says what is missing, once, and touches nothing.
 *
 * @import { Controller } from '../session-lifetime.js'
 */
import { doc } from './page.js';

/** What the module is made of, as far as there are browsers that load it and lack it. */
const NEEDED = 'URL.parse Promise.withResolvers AbortSignal.any AbortSignal.timeout Object.hasOwn BroadcastChannel reportError '
  + 'CSSStyleSheet.prototype.replaceSync HTMLDialogElement.prototype.showModal HTMLElement.prototype.showPopover Element.prototype.animate';

/** The names of what is missing. A sandboxed frame without `allow-same-origin` has neither storage nor an origin the server would answer. */
export const missing = () => origin === 'null' ? ['origin'] : [
  ...NEEDED.split(' ').filter(path => !path.split('.').reduce((/** @type {any} */ at, name) => at?.[name], window)),
  ...(CSS.supports('color', 'light-dark(red,red)') ? [] : ['light-dark()']),
];

/** @implements {Controller} */
export class UnsupportedController extends EventTarget {
  state = /** @type {const} */ ('unsupported');
  status = null;
  reason = null;
  left = null;
  ready = Promise.resolve(null);

  /** @param {string[]} names */
  constructor(names) {
    super();
    // A turn later, so that the caller of start() can listen first.
    this.ready.then(() => {
      for (const target of [this, doc]) {
        target.dispatchEvent(new CustomEvent('sessionlifetime:unsupported', { detail: { missing: names }, bubbles: true }));
      }
    });
  }

  active() {}
  async check() {}
  stay = async () => false;
  leave = this.stay;
  dismiss() {}
  async restart() {}
  headers = () => ({});
  fetch = fetch.bind(window);
  /** @param {string[]} own */
  protocols(...own) { return own; }
  ticket = async () => null;
  stop() {}
}

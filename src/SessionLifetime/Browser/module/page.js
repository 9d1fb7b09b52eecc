/**
 * The document and its windows.
 *
 * @import { Controller } from '../session-lifetime.js'
 * @typedef {Window & { [KEY]?: Controller }} HostWindow
 */

/** The property of a window that holds its controller; other copies of this module and frames find it there. */
export const KEY = Symbol.for('session-lifetime');

/** A document as browsers define it: `<img name="scripts">` hides the property of that name. @param {Document} of @returns {Document} */
export const unhidden = of => new Proxy(of, {
  get: (target, name) => {
    const value = Reflect.get(Document.prototype, name, target);
    return typeof value === 'function' ? value.bind(target) : value;
  },
  set: (target, name, value) => Reflect.set(Document.prototype, name, value, target),
});

export const doc = unhidden(document);

export const isFirefox = CSS.supports('-moz-appearance', 'none');

/** The outermost window of this origin. @param {Window} at @returns {HostWindow} */
export const outermost = at => {
  try {
    return at !== at.parent && at.parent.document ? outermost(at.parent) : at;
  } catch {
    return at;
  }
};

/** The tag that loads the module at this address, with any query, and has a data attribute of this name. @param {string} url @param {string} attribute */
export const scriptTag = (url, attribute) =>
  [...doc.scripts].find(script => script.src.split('?')[0] === url.split('?')[0] && attribute in script.dataset);

/** An address the browser may be led to, or asked for; null for `javascript:` and the like. @param {string | URL} text */
export const addressOf = text => {
  const url = URL.parse(text, doc.baseURI);
  return url && /^https?:$/.test(url.protocol) ? url : null;
};

/** @param {EventTarget} target @param {string} type */
export const once = (target, type) => new Promise(resolve => target.addEventListener(type, resolve, { once: true }));

/** 128 bits in 22 characters of base64url: the server keeps such names as numbers, others as text. */
export const randomId = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');

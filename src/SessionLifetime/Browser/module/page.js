/**
 * The document and its windows.
 *
 * @import { Controller } from '../session-lifetime.js'
 * @typedef {Window & { [KEY]?: Controller }} HostWindow
 */

/** The property of a window that holds its controller; other copies of this module and frames find it there. */
export const KEY = Symbol.for('session-lifetime');

/** The outermost window of this origin. @param {Window} at @returns {HostWindow} */
export const outermost = at => {
  try {
    return at !== at.parent && at.parent.document ? outermost(at.parent) : at;
  } catch {
    return at;
  }
};

/** The tag that loads the module at this address and has a data attribute of this name. @param {string} url @param {string} attribute */
export const scriptTag = (url, attribute) => [...document.scripts].find(script => script.src === url && attribute in script.dataset);

/** @param {EventTarget} target @param {string} type */
export const once = (target, type) => new Promise(resolve => target.addEventListener(type, resolve, { once: true }));

/** 128 bits in 22 characters of base64url: the server keeps such names as numbers, others as text. */
export const randomId = () => btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).slice(0, 22).replaceAll('+', '-').replaceAll('/', '_');

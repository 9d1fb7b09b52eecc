/**
 * Checks the options. What means nothing is said in the console, once, with what would; the default takes its place.
 *
 * @import { Options } from '../session-lifetime.js'
 */
import { addressOf } from './page.js';

/** @type {Set<string>} */
const said = new Set();

/** @param {string} text */
export const say = text => {
  if (!said.has(text)) console.warn(`session-lifetime: ${text}`);
  said.add(text);
};

/** @param {string | string[]} [list] */
export const listOf = list => [list ?? []].flat().join(' ').match(/\S+/g) ?? [];

const header = /** @type {const} */ ([(/** @type {string} */ value) => /^[\w!#$%&'*+.^`|~-]+$/.test(value), 'the name of a header']);

/** Its choices, or a test and what it asks for; null where anything is good. @type {Record<string, string | readonly [(value: any) => unknown, string] | null>} */
const known = {
  prefix: [addressOf, 'an http(s) address'],
  idHeader: header,
  pageHeader: header,
  storage: 'tab browser',
  keepAlive: 'alive stretch off',
  duplicates: 'new share',
  duplicateDetection: 'auto lock channel off',
  origins: [value => listOf(value).every(addressOf), 'a list of origins'],
  exempt: [value => listOf(value).every(addressOf), 'a list of paths'],
  patch: 'on off',
  media: 'on off',
  start: 'always never',
  countdown: [value => value.update || /^(on|off|[a-z][\w.]*-[\w.-]*)$/.test(value), 'on, off, an element, or the name of one of your own'],
  notice: 'on off',
  endedUrl: [addressOf, 'an http(s) address'],
  lang: null,
  handOver: null,
  strings: [value => typeof value === 'object', 'an object, in the attribute as JSON'],
};

/** @param {unknown} text */
const parsed = text => {
  try {
    return typeof text === 'string' ? JSON.parse(text) ?? text : text;
  } catch {
    return text;
  }
};

/** @param {Options} given @returns {Options} */
export const readOptions = given => Object.fromEntries(Object.entries(given).flatMap(([name, own]) => {
  const check = Object.hasOwn(known, name) ? known[name] : undefined;
  if (check === undefined) {
    // The tag itself, and attributes that other libraries put on scripts.
    if (!/^(sessionLifetime$|turbo|cf)/.test(name)) say(`${name} is not an option. The options are ${Object.keys(known).join(', ')}.`);
    return [];
  }
  const value = typeof own === 'boolean' ? own ? 'on' : 'off' : name === 'strings' ? parsed(own) : own;
  if (value === '' || value === undefined || value === null) return [];
  const [isGood, choices] = typeof check === 'string' ? [check.split(' ').includes(value), check.replaceAll(' ', ', ')] : [!check || check[0](value), check?.[1]];
  if (isGood) return [[name, value]];
  say(`${name}: ${value} means nothing. It is ${typeof check === 'string' ? 'one of ' : ''}${choices}.`);
  return [];
}));

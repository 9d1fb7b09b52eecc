/**
 * The page's stock of one-time tokens.
 *
 * @import { HostWindow } from './page.js'
 */
import { KEY, doc } from './page.js';

export const controller = () => /** @type {HostWindow} */ (window)[KEY];

const ids = () => JSON.stringify(controller()?.headers());

/** @type {string[]} */
let stock = [];
/** When the tokens were asked for, how long they work, by which ids; and how far the server's clock is ahead. */
let asked = 0, life = 600_000, owner = '', ahead = 0;
/** A browser that takes no cookies is given none. */
let isRefused = false;
/** @type {Promise<void> | null} */
let filling = null;
let timer = 0;

/** Whether less than this part of the tokens' life has passed. @param {number} part */
const isYoung = part => Date.now() - asked < life * part && owner === ids();

/** @param {number} part */
const has = part => stock.length > 0 && isYoung(part);

export const hasTokens = () => has(1);

/** Whether there is nothing to ask for yet. */
const isEnough = () => isRefused ? isYoung(0.1) : has(0.5);

export const fillTokens = () => filling ??= (async () => {
  const session = controller();
  clearTimeout(timer);
  // A page that is back from the back-forward cache has no id yet, and asks when it has one.
  if (!session?.status || session.state === 'ended' || Object.keys(session.headers()).length < 2) return;
  const asker = ids(), at = Date.now();
  try {
    const answer = await session.fetch(new URL('relay', import.meta.url), { method: 'POST', cache: 'no-store' });
    ahead = Date.parse(answer.headers.get('date') ?? '') - Date.now() || 0;
    if (!answer.ok) return;
    const { tokens, expiresInMs } = await answer.json();
    [stock, asked, life, owner, isRefused] = [tokens, at, expiresInMs, asker, !tokens.length];
  } catch { /* Not reached: asked again below. */ }
  timer = setTimeout(keepTokens, isEnough() ? life / (isRefused ? 10 : 2) : 5000);
})().finally(() => { filling = null; });

export const keepTokens = () => {
  if (!doc.hidden && !isEnough()) fillTokens();
};

/** Starts with the token that the page was rendered with. @param {string} token */
export const startWith = token => { [stock, asked, owner] = [[token], Date.now(), ids()]; };

export const takeToken = () => stock.shift();

/** The server's clock, in seconds, as far as it was heard of. */
export const serverSeconds = () => Math.round((Date.now() + ahead) / 1000);

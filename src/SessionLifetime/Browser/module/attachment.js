/**
 * The life of a page: it attaches to a session, and leaves.
 *
 * @import { Previous, Status } from '../session-lifetime.js'
 * @import { Activity } from './activity.js'
 * @import { SessionChannel } from './channel.js'
 * @import { Context } from './context.js'
 * @import { Departure } from './departure.js'
 * @import { Signals } from './signals.js'
 * @import { Timing } from './timing.js'
 * @import { Transitions } from './transitions.js'
 * @import { Transport } from './transport.js'
 * @typedef {ReturnType<typeof createAttachment>} Attachment
 */
import { delay, now, since } from './clock.js';
import { createIdentification } from './identification.js';
import { once, randomId } from './page.js';

/** The first answer may wait for the app's own handlers, which have half a minute. */
const PATIENCE = 40_000;

/**
 * @param {Context} context
 * @param {Timing} timing
 * @param {Transport} transport
 * @param {Departure} departure
 * @param {Activity} activity
 * @param {SessionChannel} channel
 * @param {Transitions} transitions
 * @param {Signals} signals
 */
export const createAttachment = (context, timing, { _send }, departure, activity, channel, { _apply, _end, _nextOrder }, signals) => {
  const { _key, _shared } = context._settings;
  const { _identify, _release } = createIdentification(context, reason => {
    attachment._ready.resolve(null);
    _end(reason, null, false);
  });
  /** Whether the server is asked for the session before the page attaches, which would start another. */
  let isAsking = context._settings.start === 'never';
  let left = /** @type {PromiseWithResolvers<void>} */ (Promise.withResolvers());

  /** What a page that comes back may not do, or one that starts nothing: start a session. @returns {Promise<boolean>} whether it may attach */
  const isAlive = async () => {
    const page = context._page;
    const status = context._ids.sid && await _send('GET', '');
    if (page !== context._page || status === null && context._failures) return false;
    isAsking = false;
    if (!status && context._settings.start === 'never') attachment._stopUnseen();
    return context._phase !== 'ended' && context._phase !== 'stopped';
  };

  const attachNow = async () => {
    const page = context._page;
    if (isAsking && !await isAlive()) return;
    if (_shared && !context._parent) context._ids.sid = context._load().sid ?? context._ids.sid;
    const answeredMs = context._status && since(signals._signalled);
    const request = { page, tab: context._ids.tab, shared: _shared, handOver: context._settings.handOver, answeredMs };
    const order = _nextOrder();
    const answer = await _send('POST', '/attach', request, PATIENCE);
    if (!answer || page !== context._page) return;
    // 204: a prerendered page is not there yet.
    if (!answer.session) return timing._schedulePing(1000);
    const before = context._status?.session;
    /** @type {{ outcome: string, id: string, previous?: Previous } & Status} */
    const { outcome, id, previous = { state: 'unknown', reason: null }, ...status } = answer;
    context._attached = true;
    signals._signalled = activity._reported = now();
    activity._input = null;
    const hasMoved = outcome === 'restarted' || before && before !== status.session;
    if (hasMoved) channel._post({ sid: context._ids.sid, moved: true });
    channel._join(status.session);
    departure._arm();
    attachment._ready.resolve(status);
    const name = hasMoved ? 'restarted' : outcome === 'created' ? 'started' : 'resumed';
    _apply(status, order, 0, () => context._emit(name, { status, ...(hasMoved && { previous }) }));
    if (activity._staying) signals._report();
  };

  /** Tabs that share a session attach one after the other, so that only the first creates one. */
  const attach = async () => {
    context._attached = false;
    if (context._phase === 'ended') return;
    if (!_shared || !navigator.locks || context._parent) return attachNow();
    const afterOthers = async () => {
      // The tab before has written the id, but storage may reach this tab later than the lock does.
      if (!context._load().sid) await Promise.race([once(window, 'storage'), delay(1000)]);
      await attachNow();
    };
    await navigator.locks.request(_key, { ifAvailable: true }, lock => lock
      ? attachNow()
      : navigator.locks.request(_key, { signal: AbortSignal.timeout(PATIENCE) }, afterOthers)).catch(attachNow);
  };

  const attachment = {
    /** Resolves with the first status. */
    _ready: /** @type {PromiseWithResolvers<Status | null>} */ (Promise.withResolvers()),
    /** Whether the session is joined only: its end, heard of now, is nothing to this page. */
    _joinsOnly: () => isAsking && context._settings.start === 'never',

    /** There is no session to join: the page has none, and forgets the one that has ended. */
    _stopUnseen: () => {
      context._save({ sid: undefined });
      context._controller.stop();
    },

    _attach: attach,

    /** Meanwhile nothing attaches, and the app's requests wait. @param {Promise<unknown>} startup */
    _hold: startup => {
      const page = context._page;
      context._startup = startup.finally(() => { if (page === context._page) context._startup = null; });
    },

    /** A page begins when it is loaded, and again when it comes back from the back-forward cache. */
    _begin: (back = false) => {
      if (context._phase === 'stopped') return;
      const page = context._page = randomId();
      context._leaving = '';
      if (context._phase === 'ended') return;
      isAsking ||= back;
      left = Promise.withResolvers();
      const started = _identify(page, back).then(() => page === context._page ? attach() : undefined).catch(reportError);
      attachment._hold(Promise.race([started, left.promise]));
    },

    /** Attaches anew, because the session is unknown or refused; pages that share one may have another already. */
    _renew: async () => {
      if (!context._attached) return;
      context._attached = false;
      if (context._parent) {
        await context._parent.check();
        context._useParentId();
      }
      await attach();
    },

    /** Goes on with another id of the session. @param {string} sid */
    _adopt: sid => {
      if (sid === context._ids.sid) return;
      context._save({ sid });
      channel._post({ sid });
      departure._arm();
      context._controller.dispatchEvent(new Event('rotated'));
    },

    /** @param {boolean} persisted whether the page may come back from the back-forward cache */
    _leave: persisted => {
      if (context._attached) departure._send(persisted);
      departure._disarm();
      _release();
      channel._close();
      if (context._phase !== 'ended' && context._phase !== 'stopped') context._restore();
      context._leaving ||= context._page;
      context._page = '';
      context._startup = null;
      left.resolve();
      context._attached = false;
      timing._stop();
      activity._cancelReport();
    },
  };
  return attachment;
};

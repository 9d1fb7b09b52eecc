/**
 * The page's signals to the server: check, ping, activity, stay.
 *
 * @import { Activity } from './activity.js'
 * @import { Context } from './context.js'
 * @import { Transitions } from './transitions.js'
 * @import { Transport } from './transport.js'
 * @typedef {ReturnType<typeof createSignals>} Signals
 */
import { now, since } from './clock.js';

/** @param {Context} context @param {Transport} transport @param {Activity} activity @param {Transitions} transitions */
export const createSignals = (context, { _send }, activity, { _apply, _nextOrder }) => {
  /** The query under way, and the one that follows it. @type {Promise<void> | null} */
  let checking = null, following = /** @type {Promise<void> | null} */ (null);

  const ask = async () => {
    await context._startup;
    if (!context._attached) return;
    const order = _nextOrder();
    const status = await _send('GET', '');
    if (status) _apply(status, order);
  };

  /** The answer to a query that is under way may be from before what the caller has just done. @returns {Promise<void>} */
  const check = () => !checking
    ? checking = ask().finally(() => { checking = null; })
    : following ??= checking.finally(() => { following = null; }).then(check, check);

  const ping = async () => {
    const order = _nextOrder(), input = activity._input;
    const status = await _send('POST', '/ping', {
      ...(input && { idleMs: Math.round(since(input)) }),
      ...(context._settings.keepAlive === 'stretch' && { stretch: true }),
    });
    if (!status) return;
    signals._signalled = now();
    if (activity._input === input) activity._input = null;
    _apply(status, order);
  };

  /** Tells of the user; "stay" is activity at this moment. */
  const report = async () => {
    if (!context._attached) return;
    const order = _nextOrder(), { _input, _staying } = activity;
    // Before the answer, too: what the user does meanwhile causes no second report.
    activity._reported = now();
    const idleMs = !_staying && _input ? Math.round(since(_input)) : undefined;
    const status = await _send('POST', '/activity', idleMs === undefined ? undefined : { idleMs });
    if (!status) return;
    signals._signalled = activity._reported = now();
    if (activity._input === _input) activity._input = null;
    if (_staying && _staying === activity._staying) {
      activity._staying = null;
      _staying.resolve(status.state === 'active');
    }
    _apply(status, order, idleMs ?? 0);
  };

  const signals = {
    /** When the server last heard of the page. */
    _signalled: now(),
    _check: check,
    _report: report,

    /** What is due when the ping timer fires. */
    _beat: () => {
      if (activity._staying || context._settings.keepAlive === 'off' && activity._input) report();
      else if (context._settings.keepAlive === 'off') check();
      else ping();
    },

    /** @returns {Promise<boolean>} */
    _stay: () => {
      if (!context._attached) return Promise.resolve(false);
      const isPending = activity._staying;
      const { promise } = activity._staying ??= Promise.withResolvers();
      if (!isPending || context._failures) report();
      return promise;
    },
  };
  return signals;
};

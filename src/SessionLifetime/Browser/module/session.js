/**
 * The session of this page: puts the parts together.
 *
 * @import { Controller, Options } from '../session-lifetime.js'
 */
import { createActivity } from './activity.js';
import { createAttachment } from './attachment.js';
import { createSessionChannel } from './channel.js';
import { delay } from './clock.js';
import { createContext } from './context.js';
import { createDeparture } from './departure.js';
import { createDialog } from './dialog.js';
import { isId } from './identity.js';
import { listen } from './lifecycle.js';
import { doc, once, randomId } from './page.js';
import { patchRequests } from './patch.js';
import { createRequests } from './requests.js';
import { isOn } from './settings.js';
import { createSignals } from './signals.js';
import { createTiming } from './timing.js';
import { createTransitions } from './transitions.js';
import { createTransport } from './transport.js';

/** @param {Controller} controller @param {Options} options */
export const createSession = (controller, options) => {
  const context = createContext(controller, options);

  // What is below calls what is above by these functions only.
  const dialog = createDialog(context);
  const timing = createTiming(
    context, dialog, () => context._attached ? signals._beat() : attachment._attach(), () => signals._check());
  const transport = createTransport(
    context, dialog, timing, sid => attachment._adopt(sid),
    reason => attachment._joinsOnly() ? attachment._stopUnseen() : transitions._end(reason), () => attachment._renew());
  const departure = createDeparture(context, transport);
  const activity = createActivity(context, () => signals._report());
  const channel = createSessionChannel(context._settings._key, message => {
    const { sid, moved, ended } = message;
    if (isId(sid)) {
      context._save({ sid });
      departure._arm();
      if (moved) attachment._renew();
    }
    transitions._hear(message);
    if (ended === null || isId(ended)) transitions._end(ended, null, false);
  });
  const transitions = createTransitions(context, dialog, timing, departure, activity, channel, () => signals._check());
  const signals = createSignals(context, transport, activity, transitions);
  const attachment = createAttachment(context, timing, transport, departure, activity, channel, transitions, signals);
  const requests = createRequests(context, timing, activity, transitions, signals, attachment);

  return {
    _context: context,
    _dialog: dialog,
    _transport: transport,
    _transitions: transitions,
    _signals: signals,
    _activity: activity,
    _attachment: attachment,
    _requests: requests,

    _run: async () => {
      listen(context, dialog, timing, activity, signals, attachment);
      if (isOn(context._settings.patch)) patchRequests(context, requests, transport._fetch);
      // A prerendered page sees a copy of the storage, and what it writes is thrown away.
      if (/** @type {any} */ (doc).prerendering) await once(document, 'prerenderingchange');
      attachment._begin();
    },

    /** Attaches to a new session after the end of the last one; or loads the page with it. @param {boolean} [reloads] */
    _restart: async reloads => {
      if (context._phase !== 'ended') return;
      context._phase = 'starting';
      context._reason = null;
      // What is loaded anew starts nothing before, though its window gives the focus back.
      if (reloads) attachment._hold(delay(10_000));
      dialog._dismiss();
      if (reloads) {
        context._save({ sid: undefined });
        return location.reload();
      }
      context._page ||= randomId();
      await attachment._attach();
    },

    _stop: () => {
      attachment._leave(false);
      context._leaving = '';
      context._phase = 'stopped';
      context._stopped.abort();
      attachment._ready.resolve(null);
      activity._staying?.resolve(false);
      dialog._remove();
    },
  };
};

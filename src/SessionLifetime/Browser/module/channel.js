/**
 * Messages between the pages of one session: the BroadcastChannel is named after it.
 *
 * @import { EndReason, Status } from '../session-lifetime.js'
 * @typedef {{ sid?: string | null, moved?: boolean, status?: Status, asked?: number, heard?: number, ended?: EndReason | null }} Message
 * moved: sid is another session's; asked, heard: between these moments of Date.now() the server said the status
 * @typedef {ReturnType<typeof createSessionChannel>} SessionChannel
 */

/** @param {string} key @param {(message: Message) => void} onMessage */
export const createSessionChannel = (key, onMessage) => {
  /** @type {BroadcastChannel | null} */
  let channel = null;
  const close = () => {
    channel?.close();
    channel = null;
  };
  return {
    /** @param {string} session */
    _join: session => {
      const name = `${key} ${session}`;
      if (channel?.name === name) return;
      close();
      try {
        channel = new BroadcastChannel(name);
        channel.onmessage = ({ data }) => { if (data) onMessage(data); };
      } catch { /* Blocked, as storage is: this page hears of the session by itself. */ }
    },
    /** @param {Message} message */
    _post: message => channel?.postMessage(message),
    _close: close,
  };
};

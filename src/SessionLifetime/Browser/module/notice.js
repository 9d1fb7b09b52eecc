/**
 * The notice that the server is away, `<session-notice>`.
 *
 * @import { wordsFor } from './words.js'
 */
import { later } from './clock.js';
import { write } from './countdown-view.js';
import css from './notice.css';
import { doc } from './page.js';

export const createNotice = () => {
  /** @type {HTMLElement | null} */
  let host = null;

  const remove = () => {
    host?.remove();
    host = null;
  };

  return {
    _remove: remove,
    /** @param {ReturnType<typeof wordsFor>} words */
    _show: ({ strings, lang }) => {
      if (host?.isConnected) return;
      remove();
      host = doc.createElement('session-notice');
      host.lang = lang;
      const sheet = new CSSStyleSheet(), note = doc.createElement('p'), root = host.attachShadow({ mode: 'open' });
      sheet.replaceSync(css);
      note.role = 'status';
      note.setAttribute('part', 'notice');
      root.adoptedStyleSheets = [sheet];
      root.append(note);
      (doc.body ?? doc.documentElement).append(host);
      // A live region speaks of what changes in it.
      later(() => write(note, strings.failing), 100);
    },
  };
};

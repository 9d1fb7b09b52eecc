/** The window and what is around it: the page behind it stands still, and it stays above what opens later. */
import { doc } from './page.js';

/** How soon it comes up again: another window may want to be on top as well. */
const PAUSE = 500;

/** Opens it. The dialog takes the focus itself: of a button that has it, a screen reader may say "Stay", and not why. @param {HTMLDialogElement} dialog */
const open = dialog => {
  dialog.showModal();
  dialog.focus();
};

/** Opens the dialog and holds the page. @param {HTMLElement} host @param {HTMLDialogElement} dialog @returns {() => void} undoes it */
export const holdPage = (host, dialog) => {
  open(dialog);
  const closed = new AbortController();
  const still = new CSSStyleSheet();
  // Without its scroll bar the page would be wider.
  const gutter = innerWidth > doc.documentElement.clientWidth ? ';scrollbar-gutter:stable!important' : '';
  still.replaceSync(`:root{overflow:hidden!important${gutter}}`);
  doc.adoptedStyleSheets = [...doc.adoptedStyleSheets, still];
  let raised = -PAUSE;

  /** @param {any} event */
  const raise = ({ type, target }) => {
    // Below a modal dialog nothing takes the focus.
    const isAbove = target !== host && (type === 'focusin' || target.matches?.(':modal,:popover-open,:fullscreen'));
    if (!isAbove || performance.now() - raised < PAUSE) return;
    raised = performance.now();
    dialog.close();
    open(dialog);
  };
  for (const type of ['focusin', 'toggle', 'fullscreenchange']) doc.addEventListener(type, raise, { capture: true, signal: closed.signal });
  return () => {
    closed.abort();
    doc.adoptedStyleSheets = doc.adoptedStyleSheets.filter(sheet => sheet !== still);
  };
};

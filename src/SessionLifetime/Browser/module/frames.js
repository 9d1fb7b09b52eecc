/** The frames of this page that are of its origin: nested ones, ones that come later, and what is loaded into them anew. */
import { KEY, unhidden } from './page.js';

/**
 * Listens in this window and in those of its frames. A frame that runs the module reports by itself.
 *
 * @param {(target: EventTarget, types: string, action: (event: any) => unknown) => unknown} on listens once, however often it is called
 * @param {string} signs @param {(event: any) => unknown} onSign
 */
export const watchWindows = (on, signs, onSign) => {
  /** @param {any} event */
  const hear = event => {
    if (event.currentTarget === window || !event.currentTarget[KEY]) onSign(event);
  };

  /** @param {any} element */
  const enter = element => {
    try {
      if (element?.contentWindow?.document) watch(element.contentWindow);
    } catch { /* Another origin's. */ }
  };

  /** In a shadow root a frame is seen when the pointer or the focus enters it. @param {any} event */
  const look = event => {
    enter(event.composedPath()[0]);
    if (event.type !== 'blur') return;
    let /** @type {any} */ focused = unhidden(event.currentTarget.document).activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    enter(focused);
  };

  /** @param {any} at */
  const watch = at => {
    const own = unhidden(at.document);
    on(at, signs, hear);
    on(at, 'blur pointerover', look);
    // Loads of frames do not reach the window.
    on(own, 'load', look);
    for (const frame of own.querySelectorAll('iframe, frame, object')) enter(frame);
  };

  watch(window);
};

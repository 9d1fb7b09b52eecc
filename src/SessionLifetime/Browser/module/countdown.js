/**
 * The window of the countdown and of the end, `<session-countdown>`.
 *
 * @import { Controller, Strings, View } from '../session-lifetime.js'
 */
import { createView, write } from './countdown-view.js';
import { holdPage } from './overlay.js';
import { timeFor } from './words.js';

/** By so much more time an answer that came faster than the last one corrects the countdown, which is no other one then. */
const CORRECTION = 5000;

/** Shows what it is told, and gives the user's answers to the controller. */
export class SessionCountdown extends HTMLElement {
  /** @type {Controller | null} */
  controller = null;
  /** @type {View | null} */
  #shown = null;
  /** The time left that was spoken last: it is not spoken again until the next step. */
  #spoken = 0;
  /** @type {Animation | undefined} */
  #ring;
  /** Lets the page go that stands still behind the window. */
  #release = () => {};
  #view;

  constructor() {
    super();
    const { _dialog, _stayButton, _leaveButton } = this.#view = createView(this);
    _stayButton.addEventListener('click', () => this.#stay());
    _leaveButton.addEventListener('click', () => this.controller?.leave());
    // A canceled key press never reaches the browser's own closing of dialogs, which a page can stop only once.
    _dialog.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && this.#escape(event));
    _dialog.addEventListener('cancel', (/** @type {Event} */ event) => this.#escape(event));
    // A press on the backdrop would take the focus out of the window.
    _dialog.addEventListener('mousedown', (/** @type {Event} */ event) => event.target === _dialog && event.preventDefault());
    _dialog.addEventListener('close', () => this.#shown && this.#open());
  }

  /** @param {View} view */
  update(view) {
    const { _title, _message, _note, _stay, _leave, _leaveButton, _countdown, _spoken, _dialog } = this.#view;
    const { state, extendable, left, reason, strings, lang } = view;
    const before = this.#shown;
    this.#shown = view;
    const isEnded = state === 'ended', kind = isEnded ? 'ended' : extendable ? '' : 'absolute';
    this.setAttribute('state', state);
    this.toggleAttribute('urgent', !isEnded && left <= 20_000);
    write(_title, kind ? strings[`${kind}Title`] : strings.title);
    const why = strings[/** @type {keyof Strings} */ (reason)] ?? strings.ended;
    write(_message, isEnded ? why : kind ? strings.absoluteMessage : strings.message);
    write(_note, state === 'failing' ? strings.failing : '');
    write(_stay, isEnded ? strings.restart : extendable ? strings.stay : strings.dismiss);
    write(_leave, strings.leave);
    _note.hidden = state !== 'failing';
    _countdown.hidden = _leaveButton.hidden = isEnded;
    _dialog.lang = lang;
    if (isEnded) write(_spoken, '');
    else this.#count(view, before);
    this.#open();
  }

  disconnectedCallback() {
    this.#release();
    this.#view._dialog.close();
  }

  #open() {
    const { _dialog } = this.#view;
    if (_dialog.open || !this.isConnected) return;
    this.#release();
    this.#release = holdPage(this, _dialog);
  }

  close() {
    this.#shown = null;
    this.#release();
    this.#view._dialog.close();
  }

  /** @param {View} view @param {View | null} before */
  #count(view, before) {
    const { _number, _unit, _arc, _spoken } = this.#view;
    const { left } = view;
    const isOpening = !before || before.state === 'ended' || left > before.left + CORRECTION;
    const { digits, word } = timeFor(left, view);
    write(_number, digits);
    write(_unit, word);
    // Aloud: at the opening, each minute, then at 40 and 20 seconds, so that the reader of the page is seldom interrupted.
    const step = left > 60_000 ? 60_000 : 20_000, round = Math.ceil(left / step) * step;
    if (isOpening || round < this.#spoken && round > 0) {
      this.#spoken = isOpening ? left : round;
      write(_spoken, view.strings.left.replace('{time}', timeFor(this.#spoken, view).words));
    }
    if (!isOpening) return;
    const easing = matchMedia('(prefers-reduced-motion: reduce)').matches ? `steps(${Math.ceil(left / 60_000)})` : 'linear';
    this.#ring?.cancel();
    this.#ring = _arc.animate({ strokeDashoffset: [0, 1] }, { duration: left, easing, fill: 'forwards' });
  }

  #stay() {
    if (this.#shown?.state === 'ended') this.controller?.restart(true);
    else this.#answer();
  }

  /** Escape means stay. A window that has nothing to stay for just closes. @param {Event} event */
  #escape(event) {
    event.preventDefault();
    this.#answer();
  }

  #answer() {
    if (this.#shown?.extendable) this.controller?.stay();
    else this.controller?.dismiss();
  }
}

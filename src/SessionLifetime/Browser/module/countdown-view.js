/** The content of the countdown's window: a dialog in a shadow root. */
import css from './countdown.css';
import { doc } from './page.js';

/** @param {string} name @param {Record<string, string>} [attributes] @param {(Node | string)[]} children @returns {any} */
const make = (name, attributes = {}, ...children) => {
  const node = /svg|circle/.test(name) ? doc.createElementNS('http://www.w3.org/2000/svg', name) : doc.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const ring = { r: '44', pathLength: '1' };

/** @param {HTMLElement} host */
export const createView = host => {
  const arc = make('circle', ring);
  const view = {
    _arc: arc,
    _number: make('b'),
    _unit: make('span'),
    _title: make('slot', { name: 'title' }),
    _message: make('slot', { name: 'message' }),
    _note: make('p', { part: 'note', role: 'status' }),
    _stay: make('slot', { name: 'stay' }),
    _leave: make('slot', { name: 'leave' }),
    _spoken: make('p', { id: 'time', 'aria-live': 'polite' }),
    _countdown: make('div', { part: 'countdown', 'aria-hidden': 'true' },
      make('svg', { viewBox: '-48 -48 96 96' }, make('circle', ring), arc)),
    _stayButton: make('button', { part: 'stay', type: 'button' }),
    _leaveButton: make('button', { part: 'leave', type: 'button' }),
    _dialog: make('dialog', { part: 'dialog', role: 'alertdialog', tabindex: '-1', 'aria-labelledby': 'title', 'aria-describedby': 'message time' }),
  };
  view._countdown.append(view._number, view._unit);
  view._stayButton.append(view._stay);
  view._leaveButton.append(view._leave);
  view._dialog.append(
    view._countdown,
    make('h2', { part: 'title', id: 'title' }, view._title),
    make('p', { part: 'message', id: 'message' }, view._message),
    view._note,
    make('slot'),
    make('div', { part: 'actions' }, view._stayButton, view._leaveButton),
    view._spoken);
  const sheet = new CSSStyleSheet(), root = host.attachShadow({ mode: 'open' });
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  root.append(view._dialog);
  return view;
};

/** Only what differs: a live region speaks whenever it is written to. @param {Element} node @param {string} text */
export const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

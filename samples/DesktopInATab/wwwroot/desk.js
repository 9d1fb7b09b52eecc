import { start } from './_session/session-lifetime.js';

// The script tag has started it; this gives the same controller.
const session = start();
const at = id => document.getElementById(id);
const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

/** Asks the desk; the module puts the session's id on the request. */
async function call(method, path = '', body = undefined) {
  const response = await fetch(`desk${path}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  if (response.ok) show(await response.json());
  return response.ok;
}

function element(name, text, properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}

function row(name, price, button) {
  const line = document.createElement('li');
  line.append(element('span', name), element('span', money.format(price), { className: 'price' }), button);
  return line;
}

function button(text, label, onclick) {
  const made = element('button', text, { type: 'button', onclick });
  made.setAttribute('aria-label', label);
  return made;
}

function show(desk) {
  at('number').textContent = `No. ${desk.number}`;
  document.title = `Order desk No. ${desk.number}`;
  at('items').replaceChildren(...desk.items.map(({ id, name, price }) =>
    row(name, price, button('+', `Add ${name} to the cart`, () => call('POST', `/cart/${id}`)))));
  at('cart').replaceChildren(...desk.cart.map(({ id, name, count, price }) =>
    row(`${count} × ${name}`, price, button('−', `Remove ${name} from the cart`, () => call('DELETE', `/cart/${id}`)))));
  at('empty').hidden = desk.cart.length > 0;
  at('total').textContent = money.format(desk.total);
  at('order').disabled = desk.cart.length === 0;
  for (const name of ['customer', 'note']) {
    if (document.activeElement !== at(name)) at(name).value = desk.document[name];
  }
}

let typed = 0;
at('form').addEventListener('input', () => {
  clearTimeout(typed);
  typed = setTimeout(save, 300);
});

/** Keeps what was typed. */
function save() {
  return call('PUT', '/document', { customer: at('customer').value, note: at('note').value });
}

at('form').addEventListener('submit', async event => {
  event.preventDefault();
  await save();
  if (await call('POST', '/order')) at('answer').textContent = 'Ordered. The cart is empty again; the form is as you left it.';
});

at('close').onclick = () => session.leave();
for (const name of ['started', 'resumed', 'restarted']) session.addEventListener(`sessionlifetime:${name}`, open);
session.addEventListener('sessionlifetime:ended', () => {
  for (const control of document.querySelectorAll('main button, main input, main textarea')) control.disabled = true;
});

/** The first request makes this tab's instance. */
async function open() {
  await call('GET');
  await count();
}

/** How many instances live on the server. */
async function count() {
  try {
    const { count } = await (await fetch('running')).json();
    at('running').textContent = count;
    at('running-unit').textContent = count === 1 ? 'instance' : 'instances';
  } catch {
    // The server is away; the module says so.
  }
}

setInterval(() => document.hidden || count(), 1000);
if (session.state === 'active') open();

import { start } from './_session/session-lifetime.js';
import { signalR as sessionOptions } from './_session/session-lifetime-signalr.js';

const { HubConnectionBuilder, HttpTransportType, LogLevel } = window.signalR;
const session = start();
const at = id => document.getElementById(id);
let me = '';
let connection = null;

function element(name, text, properties = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...properties });
}

function line(...parts) {
  const made = document.createElement('li');
  made.append(...parts);
  at('lines').append(made);
  at('lines').scrollTop = at('lines').scrollHeight;
  return made;
}

function state(text, connected = false) {
  at('state').textContent = text;
  at('say').disabled = !connected;
}

/** The connection of this tab, by the chosen transport. */
async function connect() {
  await connection?.stop();
  const transport = at('transport').value;
  const hub = connection = new HubConnectionBuilder()
    .withUrl('room', sessionOptions({ transport: HttpTransportType[transport] }))
    .withAutomaticReconnect()
    .configureLogging(LogLevel.None)
    .build();
  hub.on('you', (id, name) => { me = id; at('name').textContent = name; document.title = `Chat as ${name}`; });
  hub.on('note', text => { line(text).className = 'note'; });
  hub.on('said', (id, name, text) => { line(element('strong', name), ` ${text}`).className = id === me ? 'own' : ''; });
  hub.on('guests', guests => at('guests').replaceChildren(...guests.map(guest)));
  hub.onreconnecting(() => state('The connection was lost. Trying again.'));
  hub.onreconnected(() => state(`Connected by ${transport}.`, true));
  hub.onclose(error => hub === connection && state(error?.message ?? 'Disconnected.'));
  try {
    await hub.start();
    state(`Connected by ${transport}.`, true);
  } catch (error) {
    state(error.message);
  }
}

function guest({ id, name }) {
  const entry = document.createElement('li');
  entry.append(element('span', name), element('code', id));
  if (id === me) {
    entry.append(element('em', 'you'));
  } else {
    const button = element('button', 'Show out', { type: 'button', onclick: () => connection.invoke('ShowOut', id) });
    button.setAttribute('aria-label', `Show ${name} out`);
    entry.append(button);
  }
  return entry;
}

at('form').addEventListener('submit', async event => {
  event.preventDefault();
  const { value } = at('text');
  if (value) await connection.invoke('Say', value);
  at('text').value = '';
});
at('transport').addEventListener('change', connect);

// After the server was restarted this tab has another session: it comes in anew.
for (const name of ['started', 'resumed', 'restarted']) session.addEventListener(`sessionlifetime:${name}`, connect);
if (session.state === 'active') connect();

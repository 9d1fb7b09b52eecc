import { start } from './_session/session-lifetime.js';

// The script tag has started it; this gives the same controller.
const session = start();
const at = id => document.getElementById(id);

let status = null;
let heardAt = 0;
let full = { timeout: 0, end: 0 };

/** Notes when an answer of the server came: its durations count from then. */
function note() {
  if (session.status !== status) {
    status = session.status;
    heardAt = performance.now();
    full = {
      timeout: Math.max(full.timeout, status?.timeoutInMs ?? 0),
      end: Math.max(full.end, status?.endsInMs ?? 0),
    };
  }
}

const clock = ms => {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
};

const causes = { AbsoluteTimeout: 'whatever you do', IdleTimeout: 'if you stay away', SelfDestructed: 'self-destruct' };

function dial(id, ms, none) {
  const element = at(id);
  const left = ms === null ? null : Math.max(0, ms - (performance.now() - heardAt));
  write(element.querySelector('.value'), left === null ? none : clock(left));
  element.style.setProperty('--part', left === null ? 0 : left / Math.max(1, full[id]));
}

const write = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

function show() {
  note();
  const lives = session.state === 'active' || session.state === 'timedOut';
  write(at('session'), status?.session ?? '…');
  write(at('state'), session.reason ? `ended: ${session.reason}` : session.state === 'timedOut' ? 'timed out' : session.state);
  at('state').dataset.state = session.state;
  dial('timeout', lives ? status.timeoutInMs : null, session.state === 'timedOut' ? 'now' : '–');
  dial('end', lives ? status.endsInMs : null, lives ? 'never' : '–');
  write(at('end').querySelector('.hint'), causes[lives && status.endsBy] ?? 'if it falls silent');
  for (const id of ['work', 'ping', 'destruct', 'leave', 'exit']) at(id).disabled = !lives;
  at('start').hidden = session.state !== 'ended';
  at('work').hidden = session.state === 'ended';
}

async function call(method, path, said) {
  const response = await fetch(path, { method });
  at('answer').textContent = response.ok ? said : `The server answered ${response.status}.`;
  await session.check();
  show();
}

at('work').onclick = async () => {
  await call('POST', 'count', 'Counted. The server took it as activity: both clocks start anew.');
  await compare();
};
at('ping').onclick = () => call('POST', '_session/ping', 'The server knows that this page is open. That is no activity: you are still warned.');
at('destruct').onclick = () => call('POST', 'self-destruct?seconds=10', 'It ends in 10 seconds. Any request disarms it, also the page’s own next ping.');
at('leave').onclick = () => call('POST', 'leave', 'Good-bye.');
at('exit').onclick = async () => {
  await session.leave();
  at('answer').textContent = 'The session has ended.';
  show();
};
at('start').onclick = async () => {
  await session.restart();
  at('answer').textContent = 'A new session.';
  show();
};

for (const name of ['started', 'resumed', 'restarted', 'timeout', 'active', 'ended', 'unreachable', 'reachable']) {
  session.addEventListener(`sessionlifetime:${name}`, () => {
    full = { timeout: 0, end: 0 };
    show();
  });
}

const words = {
  SessionStarted: 'started',
  SessionResumed: 'resumed by a page',
  SessionTimeout: 'timed out',
  PageUnloaded: 'a page was unloaded',
  ApplicationExit: 'ended',
};

/** The two counters: this tab's, and the framework's, which other tabs count up too. */
async function compare() {
  try {
    const { tab, framework } = await (await fetch('count')).json();
    write(at('tab-count'), tab === null ? 'gone' : String(tab));
    write(at('framework-count'), String(framework));
  } catch {
    // The server is away; the module says so.
  }
}

let shown = '';
async function listen() {
  try {
    const events = await (await fetch('events')).json();
    const last = events.slice(-100).reverse();
    const key = JSON.stringify([last[0]?.at, events.length, status?.session]);
    if (key === shown) return;
    shown = key;
    at('empty').hidden = events.length > 0;
    write(at('count'), events.length === 1 ? '1 event' : `${events.length} events`);
    at('events').replaceChildren(...last.map(entry => {
      const row = document.createElement('li');
      const cells = [`${(entry.at / 1000).toFixed(1)} s`, entry.session, [
        words[entry.event] ?? entry.event,
        entry.reason && `: ${entry.reason}`,
        entry.occurrence && ` (${entry.handled ? 'handled' : 'not handled'}, no. ${entry.occurrence})`,
      ].filter(Boolean).join('')];
      row.append(...cells.map((text, index) => {
        const cell = document.createElement(index === 1 ? 'code' : 'span');
        cell.textContent = text;
        return cell;
      }));
      if (entry.session === status?.session) row.children[1].dataset.mine = 'this tab';
      return row;
    }));
  } catch {
    // The server is away; the module says so.
  }
}

setInterval(show, 250);
setInterval(() => document.hidden || Promise.all([listen(), compare()]), 1000);
listen();
session.ready.then(compare);

const element = (name, text, className = '') => Object.assign(document.createElement(name), { textContent: text, className });
const show = (id, items) => document.getElementById(id).replaceChildren(...items);

document.getElementById('count').addEventListener('click', async () => {
  const response = await fetch('/count', { method: 'POST' });
  const answer = document.getElementById('answer');
  if (!response.ok) {
    answer.textContent = `Not counted (${response.status}): a server is being missed. Try again.`;
    return;
  }
  const { node, count } = await response.json();
  answer.textContent = `Counted ${count}.`;
  const item = element('li', '');
  item.append(element('span', `${count}: answered by ${node}`, `node ${node}`));
  document.getElementById('answers').prepend(item);
  while (document.getElementById('answers').children.length > 6) document.getElementById('answers').lastChild.remove();
});

// The front is asked, and not a server: nothing of this is a signal of the session.
const look = async () => {
  const { nodes, events } = await (await fetch('/front/state')).json();
  show('nodes', nodes.map(({ name, isRunning }) => {
    const item = element('li', '', isRunning ? '' : 'down');
    const kill = element('button', 'Kill');
    kill.setAttribute('aria-label', `Kill ${name}`);
    kill.disabled = !isRunning;
    kill.addEventListener('click', () => fetch(`/front/kill/${name}`, { method: 'POST' }));
    item.append(element('span', isRunning ? name : `${name} is down`, `node ${name}`), kill);
    return item;
  }));
  show('events', events.map((line) => element('li', line)));
};
setInterval(() => look().catch(() => {}), 1000);
look();

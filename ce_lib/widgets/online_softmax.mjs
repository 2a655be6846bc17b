// For each chunk: the maximum and the sum after it, and the factor of the old sum.
export function compute({ logits, order, chunk }) {
  const z = order.map((k) => logits[k]);
  const rows = [];
  let [m, s] = [-Infinity, 0];
  for (let start = 0; start < z.length; start += chunk) {
    const values = z.slice(start, start + chunk);
    const top = Math.max(m, ...values);
    const factor = Math.exp(m - top);
    const terms = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
    [m, s] = [top, s * factor + terms];
    rows.push({ values, m, factor, terms, s, total: m + Math.log(s) });
  }
  return rows;
}

const FLOOR = 150; // the height of a logit of 0 in the drawing
const HEIGHT = 28; // of a logit of 1
const CHUNKS = { 1: '1', 2: '2', 4: '4' };

function render({ model, el }) {
  const bars = Array.from({ length: 8 }, (_, k) => svg('rect', { x: 42 + 48 * k, width: 34 }));
  const names = bars.map((_, k) => svg('text', { x: 59 + 48 * k, 'text-anchor': 'middle' }));
  const top = svg('path', { class: 'ce-rule' });
  const label = svg('text', { x: 436, 'text-anchor': 'end', class: 'ce-small' });
  const drawing = svg(
    'svg',
    { viewBox: '0 0 440 200', role: 'img', 'aria-label': 'Eight logits as bars in the order in which they are read, and the running maximum' },
    svg('path', { d: `M30 ${FLOOR}H430`, class: 'ce-axis' }), top, bars, names, label,
  );
  const chunks = choice('Logits at a time', CHUNKS, (value) => change({ read: 1, chunk: Number(value) }));
  const sorted = (sign) => [...Array(8).keys()].sort((a, b) => sign * (model.get('logits')[a] - model.get('logits')[b]));
  const button = (text, act) => html('button', { type: 'button', onclick: act }, text);
  const buttons = html('div', { className: 'ce-row' },
    button('As given', () => change({ order: [...Array(8).keys()] })),
    button('Rising', () => change({ order: sorted(1) })),
    button('Falling', () => change({ order: sorted(-1) })),
    button('Last chunk first', () => { const size = model.get('chunk'); change({ order: [...model.get('order').slice(-size), ...model.get('order').slice(0, -size)] }); }));
  const row = slider('chunks read', { min: 1, max: 8, step: 1, show: String, change: (read) => change({ read }) });
  const heads = ['chunk', 'm', 'old s ×', 'new terms', 's', 'm + log s'];
  const body = html('tbody', {});
  const table = html('table', {}, html('thead', {}, html('tr', {}, heads.map((text) => html('th', { scope: 'col' }, text)))), body);
  const box = html('div', { className: 'ce-scroll', tabIndex: 0, role: 'group', ariaLabel: 'The running maximum and sum after each chunk' }, table);
  const status = speaker();
  el.append(drawing, row, html('div', { className: 'ce-grid' }, chunks, buttons), box, status);
  const change = bind(model, ['logits', 'order', 'chunk', 'read'], (state) => {
    const rows = compute(state);
    const count = Math.min(state.read, rows.length);
    const last = rows[count - 1];
    state.order.forEach((which, place) => {
      const value = state.logits[which];
      const turn = Math.floor(place / state.chunk);
      const [y, size] = [FLOOR - HEIGHT * Math.max(value, 0), Math.max(1, HEIGHT * Math.abs(value))];
      Object.entries({ y, height: size, class: turn === count - 1 ? 'ce-dog' : 'ce-cat', 'fill-opacity': turn < count ? 1 : 0.2 }).forEach(([name, at]) => bars[place].setAttribute(name, at));
      names[place].setAttribute('y', value < 0 ? y + size + 14 : y - 4);
      names[place].textContent = digits(value, 1);
    });
    top.setAttribute('d', `M30 ${FLOOR - HEIGHT * last.m}H430`);
    label.setAttribute('y', FLOOR - HEIGHT * last.m - 4);
    label.textContent = 'm';
    row.input.max = rows.length;
    row.set(count);
    chunks.set(state.chunk);
    body.replaceChildren(...rows.map(({ values, m, factor, terms, s, total }, turn) => {
      const cells = [values.map((value) => digits(value, 1)).join(', '), ...[m, factor, terms, s, total].map((value) => (turn < count ? digits(value) : ''))];
      return html('tr', {}, html('th', { scope: 'row' }, cells[0]), cells.slice(1).map((text) => html('td', {}, text)));
    }));
    status.say(`${count} of ${rows.length} chunks read: maximum ${digits(last.m)}, old sum times ${digits(last.factor)}, sum ${digits(last.s)}, m plus log s ${digits(last.total)}.`);
  });
}

export default widget('online_softmax', render);

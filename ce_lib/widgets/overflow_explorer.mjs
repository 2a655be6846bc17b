// Every operation is rounded to the format, in the order in which the formula is written.
export function compute({ logits, added, format, label }) {
  const r = FORMATS[format];
  const add = (terms) => terms.reduce((sum, term) => r(sum + term));
  const z = logits.map((value) => r(r(value) + r(added)));
  const e = z.map((value) => r(Math.exp(value)));
  const total = add(e);
  const naive = e.map((value) => r(value / total));
  const naiveLoss = r(-r(Math.log(naive[label])));
  const m = Math.max(...z);
  const shifted = z.map((value) => r(value - m));
  const es = shifted.map((value) => r(Math.exp(value)));
  const sum = add(es);
  const stable = es.map((value) => r(value / sum));
  const loss = r(r(Math.log(sum)) - shifted[label]);
  return { z, e, total, naive, naiveLoss, m, shifted, es, sum, stable, loss };
}

const REACH = { float16: 20, float32: 120, float64: 800 };

function render({ model, el }) {
  const formats = choice('Format', Object.fromEntries(Object.keys(REACH).map((name) => [name, name])), (format) => {
    change({ format, added: Math.max(-REACH[format], Math.min(REACH[format], model.get('added'))) });
  });
  const row = slider('add to all logits', { min: -20, max: 20, step: 0.5, show: (value) => digits(value, 1), change: (added) => change({ added }) });
  const lines = [
    ['logits z', 'z'], ['exp(z)', 'e'], ['their sum', 'total'], ['p̂ = exp(z) / sum', 'naive'], ['loss −log p̂(cat)', 'naiveLoss'],
  ];
  const safe = [
    ['z − max', 'shifted'], ['exp(z − max)', 'es'], ['their sum', 'sum'], ['p̂', 'stable'], ['loss log(sum) − (z(cat) − max)', 'loss'],
  ];
  const cells = {};
  const body = (title, all) => html('tbody', {}, html('tr', {}, html('th', { colSpan: 4, scope: 'rowgroup' }, title)), all.map(([text, key]) => {
    const one = ['total', 'sum', 'naiveLoss', 'loss'].includes(key);
    cells[key] = Array.from({ length: one ? 1 : 3 }, () => html('td', { colSpan: one ? 3 : 1 }));
    return html('tr', {}, html('th', { scope: 'row' }, text), cells[key]);
  }));
  const head = html('thead', {}, html('tr', {}, html('td', {}), CLASSES.map((name) => html('th', { scope: 'col' }, name))));
  const table = html('table', {}, head, body('The formula as written', lines), body('With the maximum subtracted first', safe));
  const box = html('div', { className: 'ce-scroll', tabIndex: 0, role: 'group', ariaLabel: 'Every step of both computations' }, table);
  const status = speaker();
  el.append(formats, row, box, status);
  const change = bind(model, ['logits', 'added', 'format', 'label'], (state) => {
    const found = compute(state);
    const reach = REACH[state.format];
    Object.assign(row.input, { min: -reach, max: reach });
    formats.set(state.format);
    row.set(state.added);
    for (const [key, places] of Object.entries(cells)) {
      [found[key]].flat().forEach((value, k) => {
        places[k].textContent = digits(value);
        const lost = !Number.isFinite(value) || (value === 0 && ['e', 'total', 'naive'].includes(key));
        places[k].className = lost ? 'ce-lost' : '';
      });
    }
    status.say(`In ${state.format}, ${digits(state.added, 1)} added: the formula as written gives the loss ${digits(found.naiveLoss)}, with the maximum subtracted first it is ${digits(found.loss)}.`);
  });
}

export default widget('overflow_explorer', render);

const X = Array.from({ length: 80 }, (_, i) => (10 * i - 295) / 100); // the measurement: cats about 0, birds about 2
const [CAT, BIRD] = [0, 2].map((centre) => {
  const heights = X.map((x) => Math.exp(-((x - centre) ** 2) / 2));
  const sum = heights.reduce((a, b) => a + b, 0);
  return heights.map((height) => height / sum);
});
const logit = (p) => Math.log(p) - Math.log1p(-p);
const sigmoid = (t) => softmax([t, 0])[0];

// What a model says of cats and birds, trained on other shares and with a weight, under a cost.
export function compute({ used, trained, weight, cost, corrected }) {
  const learned = logit(trained) + Math.log(weight);
  const offset = corrected ? logit(used) : learned;
  const lead = X.map((x, i) => Math.log(BIRD[i] / CAT[i]));
  const stated = lead.map((score) => sigmoid(score + offset));
  const [found, mistaken] = [BIRD, CAT].map((chances) => chances.reduce((sum, p, i) => sum + (lead[i] + offset + Math.log(cost) >= 0 ? p : 0), 0));
  const misses = used * (1 - found);
  const alarms = (1 - used) * mistaken;
  return {
    stated, truth: lead.map((score) => sigmoid(score + logit(used))), learned,
    mean: stated.reduce((sum, p, i) => sum + p * (used * BIRD[i] + (1 - used) * CAT[i]), 0),
    accuracy: 1 - misses - alarms, balanced: (found + 1 - mistaken) / 2,
    f1: (2 * used * found) / (2 * used * found + misses + alarms),
    cost: 100 * (cost * misses + alarms), line: (2 - offset - Math.log(cost)) / 2,
  };
}

const SHARES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5];
const FACTORS = [1, 2, 5, 9, 19, 49, 99];
const [TOP, TALL, LEFT] = [26, 120, 34];

function render({ model, el }) {
  let width = 640;
  const names = ['used', 'trained', 'weight', 'cost', 'corrected'];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const first = state();
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Above, how often each measurement occurs, for cats and for birds; below, the stated and the true probability of a bird; a line where the model begins to say bird' });
  const pick = (label, name, values) => slider(label, { min: 0, max: values.length - 1, step: 1, change: (k) => change({ [name]: values[k] }) });
  const rows = [pick('birds in use', 'used', SHARES), pick('birds in training', 'trained', SHARES), pick('weight of a bird', 'weight', FACTORS), pick('cost of a missed bird', 'cost', FACTORS)];
  const kinds = choice('scores', { false: 'as trained', true: 'corrected' }, (value) => change({ corrected: value === 'true' }));
  const again = html('div', { className: 'ce-row' }, html('button', { type: 'button', onclick: () => change(first) }, 'Start again'));
  const values = ['true share', 'mean stated', 'accuracy', 'balanced accuracy', 'F1', 'cost per 100'].map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const key = html('p', { className: 'ce-line ce-key' }, 'Bars: how many have each measurement. Thick line: where the model begins to say bird. Dashed: the true chance of a bird; green: what the model states. Mean stated: the mean of what the model states over all in use; an honest one gives the true share of birds. A false alarm costs 1.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(drawing, key, note, html('div', { className: 'ce-grid' }, html('div', {}, rows.slice(0, 2)), html('div', {}, rows.slice(2))), kinds, again, html('div', { className: 'ce-figures' }, values), status);

  function draw() {
    const now = state();
    const found = compute(now);
    const each = width - LEFT - 12;
    const bottom = [TOP + TALL, 2 * (TOP + TALL) + 14];
    const x = (value) => LEFT + (each * (value + 3)) / 8;
    const y = (p) => bottom[1] - TALL * p;
    const text = (px, py, said, more) => svg('text', { x: px, y: py, 'text-anchor': 'middle', class: 'ce-small', ...more }, said);
    const title = (side, said) => text(0, bottom[side] - TALL - 12, said, { 'text-anchor': 'start', class: '' });
    const right = (side, back, said, kind) => text(width - 12 - back, bottom[side] - TALL - 12, said, { 'text-anchor': 'end', class: kind });
    const heights = [CAT.map((p) => (1 - now.used) * p), BIRD.map((p) => now.used * p)];
    const most = Math.max(...heights.flat());
    const bars = heights.flatMap((row, k) => row.map((h, i) => svg('rect', { x: x(X[i] - 0.05), y: bottom[0] - (TALL * h) / most, width: each / 80, height: (TALL * h) / most, class: k ? 'ce-bird' : 'ce-cat', opacity: k ? 0.75 : 0.5 })));
    const path = (row) => `M${row.map((p, i) => `${x(X[i]).toFixed(1)} ${y(p).toFixed(1)}`).join('L')}`;
    const at = Math.min(5, Math.max(-3, found.line));
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom[1] + 38}`);
    drawing.replaceChildren(
      ...bottom.map((low) => svg('rect', { x: x(at), y: low - TALL, width: x(5) - x(at), height: TALL, class: 'ce-says' })),
      ...bars,
      ...bottom.map((low) => svg('path', { d: `M${LEFT} ${low}H${LEFT + each}`, class: 'ce-axis' })),
      svg('path', { d: path(found.truth), class: 'ce-rule' }), svg('path', { d: path(found.stated), class: 'ce-stated' }),
      svg('path', { d: bottom.map((low) => `M${x(at)} ${low - TALL}V${low}`).join(''), class: 'ce-axis ce-bold' }),
      title(0, 'photographs in use'), right(0, 0, 'bird', 'ce-bird'), right(0, 34, 'cat', 'ce-cat'),
      title(1, 'chance of a bird'), right(1, 0, 'true', ''), right(1, 36, 'stated', 'ce-bird'),
      ...[[0, '0'], [0.5, '½'], [1, '1']].map(([p, said]) => text(LEFT - 6, y(p) + 4, said, { 'text-anchor': 'end' })),
      ...[-2, 0, 2, 4].map((tick) => text(x(tick), bottom[1] + 16, String(tick).replace('-', '−'))), text(x(1), bottom[1] + 33, 'measurement'),
    );
    note.textContent = `Shaded: says bird, from ${digits(found.line, 2)} on, where it states ${digits(1 / (1 + now.cost), 2)} or more.${Math.abs(found.accuracy - found.balanced) < 5e-4 ? ` ${now.used === 0.5 ? 'Half are birds' : 'Cats and birds are right equally often'}, so both accuracies are the same.` : ''}`;
    [String(now.used), digits(found.mean), digits(found.accuracy), digits(found.balanced), digits(found.f1), digits(found.cost, 1)].forEach((said, k) => { values[k].firstChild.textContent = said; });
    rows.forEach((row, k) => {
      const list = k < 2 ? SHARES : FACTORS;
      const value = now[names[k]];
      row.set(Math.max(0, list.findLastIndex((entry) => entry <= value)), String(value));
    });
    kinds.set(now.corrected);
    status.say(`${note.textContent} True share ${now.used}, mean stated ${digits(found.mean)}, accuracy ${digits(found.accuracy)}, balanced ${digits(found.balanced)}, F1 ${digits(found.f1)}, cost ${digits(found.cost, 1)}.`);
  }
  const change = bind(model, names, draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="decision_line"] .ce-stated { fill: none; stroke: var(--bird, #009e73); stroke-width: 2; }
  [data-widget="decision_line"] .ce-says { fill: var(--w-ink); opacity: 0.07; }
  [data-widget="decision_line"] .ce-figures { display: grid; grid-template-columns: repeat(6, auto); gap: 0.4rem 0.8rem; }
  @media (max-width: 30rem) { [data-widget="decision_line"] .ce-figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
  @media (max-width: 30rem) { .ce-widget[data-widget="decision_line"] .ce-note { min-height: 5.8em; } }
`);

export default widget('decision_line', render);

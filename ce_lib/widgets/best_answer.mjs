const LOSSES = {
  'cross-entropy': { f: (p) => -Math.log(p), m: () => 1 },
  focal: { f: (p, k) => -((1 - p) ** k) * Math.log(p), m: (p, rest, k) => rest ** k * (1 - (k * p * (rest < 0.5 ? Math.log1p(-rest) : Math.log(p))) / rest) },
  power: { f: (p, k) => (1 - p ** k) / k, m: (p, rest, k) => p ** k },
};
const MOST = 0.9; // of the exponent of a power: at 1 only the larger class counts
const capped = (kind, exponent) => (kind === 'power' ? Math.min(exponent, MOST) : exponent);
const sigmoid = (t) => softmax([t, 0]);

// The log-odds of the truth for which a loss is lowest at the log-odds t: it rises with t.
function truthOf(t, kind, exponent) {
  const [p, rest] = sigmoid(t);
  const { m } = LOSSES[kind];
  return t - Math.log(m(p, rest, exponent)) + Math.log(m(rest, p, exponent));
}

// What is stated at the minimum of the expected loss of two classes, by halving.
export function compute({ kind, exponent, truth }) {
  const k = capped(kind, exponent);
  const wanted = Math.log(truth / (1 - truth));
  let [low, high] = [-200, 200];
  for (let n = 0; n < 80; n += 1) {
    const middle = (low + high) / 2;
    if (truthOf(middle, kind, k) < wanted) low = middle;
    else high = middle;
  }
  const [stated, rest] = sigmoid((low + high) / 2);
  const { f, m } = LOSSES[kind];
  return { stated, factor: m(stated, rest, k), loss: truth * f(stated, k) + (1 - truth) * f(rest, k), back: sigmoid(truthOf((low + high) / 2, kind, k))[0] };
}

const [TOP, TALL] = [26, 180];
const GRID = Array.from({ length: 97 }, (_, i) => (i + 2) / 100);

function render({ model, el }) {
  let width = 640;
  const names = ['kind', 'exponent', 'truth'];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const first = state();
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Left, the expected loss against the stated probability, with its lowest point and the truth; right, the stated probability against the truth, beside the diagonal' });
  const kinds = choice('loss', { 'cross-entropy': 'cross-entropy', focal: 'focal', power: 'power' }, (kind) => change({ kind, exponent: kind === 'power' ? 0.7 : 2 }));
  const shape = slider('exponent', { min: 0.05, max: 5, step: 0.05, show: (value) => digits(value, 2), change: (exponent) => change({ exponent }) });
  const share = slider('true probability', { min: 0.02, max: 0.98, step: 0.01, show: (value) => digits(value, 2), change: (truth) => change({ truth }) });
  const again = html('div', { className: 'ce-row' }, html('button', { type: 'button', onclick: () => change(first) }, 'Start again'));
  const values = ['true probability', 'stated', 'factor m there', 'truth recovered'].map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const key = html('p', { className: 'ce-line ce-key' }, 'One of two classes. Dot: where the expected loss is lowest, which is what the model states. Dashed: the true probability, and in the second drawing stated = true. Factor m multiplies the gradient of cross-entropy; here its value at the stated probability. Truth recovered: computed from what is stated.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(drawing, key, kinds, shape, share, again, html('div', { className: 'ce-figures' }, values), note, status);

  function draw() {
    const now = state();
    const found = compute(now);
    const k = capped(now.kind, now.exponent);
    const wide = width >= 520;
    const each = wide ? (width - 40 - 56 - 12) / 2 : width - 40 - 12;
    const left = wide ? [40, 40 + each + 56] : [40, 40];
    const bottom = [TOP + TALL, wide ? TOP + TALL : 2 * (TOP + TALL) + 54];
    const { f } = LOSSES[now.kind];
    const losses = GRID.map((p) => now.truth * f(p, k) + (1 - now.truth) * f(1 - p, k));
    const [low, high] = [Math.min(found.loss, ...losses), Math.max(...losses)];
    const x = (side, p) => left[side] + each * p;
    const y = (loss) => bottom[0] - 10 - ((TALL - 14) * (Math.min(loss, high) - low)) / (high - low || 1);
    const v = (p) => bottom[1] - TALL * p;
    const text = (px, py, said, more) => svg('text', { x: px, y: py, 'text-anchor': 'middle', class: 'ce-small', ...more }, said);
    const title = (side, said) => text(side ? left[1] - 34 : left[0] - 38, bottom[side] - TALL - 10, said, { 'text-anchor': 'start', class: '' });
    const curve = Array.from({ length: 121 }, (_, i) => (i - 60) / 6).map((t) => [sigmoid(truthOf(t, now.kind, k))[0], sigmoid(t)[0]]);
    const path = (points) => `M${points.map((point) => point.map((value) => value.toFixed(1)).join(' ')).join('L')}`;
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom[1] + 40}`);
    drawing.replaceChildren(
      svg('path', { d: `M${left[0]} ${bottom[0] - TALL}V${bottom[0]}H${left[0] + each}`, class: 'ce-axis' }),
      svg('path', { d: `M${x(0, now.truth)} ${bottom[0] - TALL}V${bottom[0]}`, class: 'ce-rule' }),
      svg('path', { d: path(GRID.map((p, i) => [x(0, p), y(losses[i])])), class: 'ce-curve' }),
      svg('circle', { cx: x(0, found.stated), cy: y(found.loss), r: 5, class: 'ce-cat' }),
      ...[low, high].map((loss) => text(left[0] - 6, y(loss) + 4, loss.toFixed(loss < 10 ? 2 : 1), { 'text-anchor': 'end' })),
      title(0, 'expected loss'), text(left[0] + each / 2, bottom[0] + 34, 'stated probability'),
      svg('path', { d: `M${left[1]} ${bottom[1] - TALL}V${bottom[1]}H${left[1] + each}`, class: 'ce-axis' }),
      svg('path', { d: `M${x(1, 0)} ${v(0)}L${x(1, 1)} ${v(1)}`, class: 'ce-rule' }),
      svg('path', { d: path(curve.map(([truth, stated]) => [x(1, truth), v(stated)])), class: 'ce-curve' }),
      svg('circle', { cx: x(1, now.truth), cy: v(found.stated), r: 5, class: 'ce-cat' }),
      title(1, 'stated at the minimum'), text(left[1] + each / 2, bottom[1] + 34, 'true probability'),
      ...[0, 1].flatMap((side) => [[0, '0'], [0.5, '½'], [1, '1']].map(([p, said]) => text(x(side, p), bottom[side] + 17, said))),
      ...[[0.5, '½'], [1, '1']].map(([p, said]) => text(left[1] - 6, v(p) + 4, said, { 'text-anchor': 'end' })),
    );
    const gap = found.stated - now.truth;
    const kindOf = Math.abs(gap) < 5e-4 ? 'the truth' : Math.abs(found.stated - 0.5) < Math.abs(now.truth - 0.5) ? 'too near ½, so too timid' : 'too far from ½, so too bold';
    note.textContent = `Lowest where it states ${digits(found.stated)}: ${kindOf}.`;
    [now.truth, found.stated, found.factor, found.back].forEach((value, i) => { values[i].firstChild.textContent = digits(value, i ? 3 : 2); });
    kinds.set(now.kind);
    shape.set(k, now.kind === 'cross-entropy' ? 'none' : digits(k, 2));
    shape.input.disabled = now.kind === 'cross-entropy';
    share.set(now.truth, digits(now.truth, 2));
    status.say(`${note.textContent} Truth ${digits(now.truth, 2)}, factor ${digits(found.factor)}.`);
  }
  const change = bind(model, names, draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="best_answer"] .ce-note { min-height: 1.45em; }
  [data-widget="best_answer"] .ce-figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.4rem 0.8rem; }
  @media (max-width: 30rem) { [data-widget="best_answer"] .ce-figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
`);

export default widget('best_answer', render);

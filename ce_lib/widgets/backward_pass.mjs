// Both passes: the value of each stage, and the slope of the loss in it and in each weight.
export function compute({ inputs, label, W1, b1, W2, b2 }) {
  const layer = (W, b, v) => W.map((row, k) => row.reduce((sum, w, j) => sum + w * v[j], 0) + b[k]);
  const back = (W, g) => W[0].map((_, j) => W.reduce((sum, row, k) => sum + row[j] * g[k], 0));
  const outer = (g, v) => g.map((slope) => v.map((value) => slope * value));
  const a = layer(W1, b1, inputs);
  const u = a.map(Math.tanh);
  const z = layer(W2, b2, u);
  const probs = softmax(z);
  const y = probs.map((_, k) => (k === label ? 1 : 0));
  const g = probs.map((p, k) => p - y[k]);
  const factor = u.map((value) => 1 - value * value);
  const du = back(W2, g);
  const da = du.map((slope, j) => slope * factor[j]);
  return { a, u, z, probs, y, loss: crossEntropy(z, y), g, du, factor, da, dx: back(W1, da), dW1: outer(da, inputs), dW2: outer(g, u) };
}

const LAST = 9; // steps: five forward, four back
const TALL = [38, 52, 38, 52, 38, 38]; // the heights of the boxes: a sum has a line for its bias
const GAPS = [60, 30, 70, 26, 22]; // between two stages, at least
const SATURATED = 0.05; // 1 − u² below this
const RULES = [ // of each stage: on the way forward, and its slope on the way back
  ['x', 'W₁ᵀ ∇a'],
  ['a = W₁ x + b₁', '(1 − u²) ⊙ ∇u'],
  ['u = tanh(a)', 'W₂ᵀ ∇z'],
  ['z = W₂ u + b₂', 'p̂ − y'],
  ['p̂ = softmax(z)', ''],
  ['ℓ = −log p̂ of the truth', ''],
];
const GRADS = ['∇x', '∇a', '∇u', '∇z'];
const SHOWN = [0, 1, 2, 3, 4, 5]; // the step at which a stage's value appears, and its slope
const BACK = [9, 8, 7, 6];
// 0.659, 3.7e−5: as wide as a box.
const short = (x) => (x !== 0 && Math.abs(x) < 1e-3 ? x.toExponential(1).replaceAll('-', '−') : digits(x));

function render({ model, el }) {
  const drawing = svg('svg', { role: 'img', 'aria-label': 'The computation from the inputs at the top to the loss at the bottom, with the value and the slope of each stage, and the weights on the edges' });
  const key = html('p', { className: 'ce-line ce-key' }, '∇: slope of the loss. A wide edge passes a large slope back: ', html('b', { className: 'ce-plus' }, 'blue +'), ', ', html('b', { className: 'ce-minus' }, 'dashed −'), '. Numbers on the edges: weights. y: 1 for the truth, else 0. Grey box: softmax and loss, one step on the way back.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  const inputs = ['x₁', 'x₂'].map((name, k) => slider(name, {
    min: -5, max: 5, step: 0.1, show: (value) => digits(value, 1),
    change: (value) => change({ inputs: model.get('inputs').map((old, j) => (j === k ? value : old)) }),
  }));
  const truth = choice('truth', Object.fromEntries(CLASSES.map((name, k) => [k, name])), (value) => change({ label: Number(value) }));
  const button = (name, act) => html('button', { type: 'button', onclick: act }, name);
  let [timer, flows] = [0, false]; // flows: the edges of this step fill while one looks
  const go = (at) => {
    flows = at > model.get('at');
    change({ at });
    flows = false;
  };
  const stop = () => { clearTimeout(timer); timer = 0; play.textContent = 'Play'; };
  const by = (steps) => { stop(); go(Math.max(0, steps > 0 && model.get('at') === LAST ? 0 : model.get('at') + steps)); };
  const play = button('Play', () => {
    if (timer) return stop();
    play.textContent = 'Pause';
    const tick = () => {
      if (!el.isConnected) return;
      go(model.get('at') === LAST ? 0 : model.get('at') + 1);
      if (model.get('at') === LAST) stop();
      else timer = setTimeout(tick, 1500);
    };
    tick();
  });
  play.className = 'ce-play';
  const buttons = html('div', { className: 'ce-row ce-tight' }, button('Step', () => by(1)), button('Undo', () => by(-1)), play, button('Reset', () => { stop(); go(0); }));
  const cells = [2, 3].map((rows) => Array.from({ length: rows }, () => [0, 1, 2].map(() => html('td', {}))));
  const rows = [['∇W₁ = ∇a xᵀ', ['x₁', 'x₂'], ['a₁', 'a₂']], ['∇W₂ = ∇z uᵀ', ['u₁', 'u₂'], CLASSES]].flatMap(([title, from, into], layer) => [
    html('tr', {}, [title, ...from, 'bias'].map((name) => html('th', { scope: 'col' }, name))),
    ...into.map((name, k) => html('tr', {}, html('th', { scope: 'row' }, name), cells[layer][k])),
  ]);
  const table = html('table', {}, html('caption', {}, 'Slopes of the weights: slope at the output × value at the input'), html('tbody', {}, rows));
  el.append(drawing, key, note, buttons, html('div', { className: 'ce-grid' }, html('div', {}, inputs, truth), table), status);

  let width = 640;
  function draw() {
    const state = Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
    const { at, label } = state;
    const found = compute(state);
    const wide = width >= 560;
    const graph = wide ? Math.min(width - 240, 430) : width;
    const each = Math.min(88, graph / 3 - 3); // the width of a box
    drawing.classList.toggle('ce-snug', each < 88);
    const strip = wide ? 0 : 20;
    const tops = [strip + 1];
    GAPS.forEach((gap, k) => tops.push(tops[k] + TALL[k] + (wide ? gap : Math.max(gap - 4, 38))));
    const places = [2, 2, 2, 3, 3, 1].map((count) => Array.from({ length: count }, (_, k) => (graph * (2 * k + 1)) / (2 * count)));
    const values = [state.inputs, found.a, found.u, found.z, found.probs, [found.loss]];
    const slopes = [found.dx, found.da, found.du, found.g];
    const names = [['x₁', 'x₂'], ['a₁', 'a₂'], ['u₁', 'u₂'], CLASSES, CLASSES, ['ℓ']];
    const [edges, labels, boxes] = [[], [], []];

    const carry = (x1, y1, x0, y0, slope, stage) => {
      const flow = flows && at === BACK[stage];
      const name = `ce-carried ${slope > 0 ? 'ce-up' : 'ce-down'}${flow ? ' ce-flow' : ''}`;
      edges.push(svg('path', { d: `M${x1} ${y1}L${x0} ${y0}`, pathLength: flow ? 24 : Math.round(Math.hypot(x1 - x0, y1 - y0) / 4), class: name, 'stroke-width': Math.min(12, 6 * Math.abs(slope)).toFixed(2) }));
    };
    // From a stage to the next: a thin line once the value has passed, and the slope on its way back.
    const edge = (stage, from, to, carried, said) => {
      const [x0, y0, x1, y1] = [places[stage][from], tops[stage] + TALL[stage], places[stage + 1][to], tops[stage + 1]];
      edges.push(svg('path', { d: `M${x0} ${y0}L${x1} ${y1}`, class: at > stage ? 'ce-edge ce-passed' : 'ce-edge' }));
      if (at >= BACK[stage] && carried) carry(x1, y1, x0, y0, carried, stage);
      if (!said) return;
      const t = stage === 1 || (stage === 2 && to === 1) ? 0.5 : 0.3;
      labels.push(svg('text', { x: x0 + t * (x1 - x0), y: y0 + t * (y1 - y0) + 4 - (stage === 1 && !wide ? 8 : 0), 'text-anchor': 'middle', class: 'ce-small' }, said));
    };
    [0, 2].forEach((stage) => {
      const W = stage ? state.W2 : state.W1;
      W.forEach((row, to) => row.forEach((weight, from) => edge(stage, from, to, weight * slopes[stage + 1][to], digits(weight, 1))));
    });
    found.factor.forEach((factor, j) => edge(1, j, j, found.da[j], at >= BACK[1] ? `1 − u² = ${short(factor)}` : ''));
    found.g.forEach((_, from) => found.g.forEach((__, to) => edge(3, from, to, 0)));
    if (at >= BACK[3]) found.g.forEach((slope, k) => carry(places[3][k], tops[4] - 6 - strip, places[3][k], tops[3] + TALL[3], slope, 3)); // from softmax and loss as one
    edge(4, label, 0, 0);

    values.forEach((row, stage) => row.forEach((value, k) => {
      const [x, y] = [places[stage][k], tops[stage]];
      const now = at === SHOWN[stage] || at === BACK[stage];
      const shut = (stage === 1 || stage === 2) && found.factor[k] < SATURATED && at >= SHOWN[2];
      boxes.push(svg('rect', { x: x - each / 2, y, width: each, height: TALL[stage], rx: 5, class: `ce-box${now ? ' ce-now' : ''}${shut ? ' ce-full' : ''}` }));
      const line = (down, said, name) => svg('text', { x, y: y + down, 'text-anchor': 'middle', class: name }, said);
      const bias = { 1: state.b1, 3: state.b2 }[stage]?.[k];
      const down = bias === undefined ? 0 : 14;
      if (down) boxes.push(line(14, `bias ${digits(bias, 1)}`, 'ce-small'));
      boxes.push(line(16 + down, at >= SHOWN[stage] ? `${names[stage][k]} ${short(value)}` : names[stage][k], stage === 4 && k === label ? 'ce-truth' : ''));
      if (stage < 4 && at >= BACK[stage]) boxes.push(line(32 + down, `∇ ${short(slopes[stage][k])}`, slopes[stage][k] < 0 ? 'ce-minus' : 'ce-plus'));
      else if (stage > 3) boxes.push(line(32, stage === 4 ? `y = ${found.y[k]}` : 'nats', 'ce-small'));
    }));

    const rules = RULES.map(([forward, back], stage) => {
      const show = stage < 4 && at >= BACK[stage];
      const rule = show ? `${GRADS[stage]} = ${back}` : '';
      const now = (step) => (at === step ? 'ce-now' : '');
      const y = tops[stage];
      const first = stage ? forward : 'x, the inputs';
      if (wide) return [svg('text', { x: graph + 16, y: y + 16, class: now(SHOWN[stage]) }, first), svg('text', { x: graph + 16, y: y + 33, class: `ce-back ${now(BACK[stage])}` }, rule)];
      return [svg('text', { x: 2, y: y - 7, class: `ce-small ${stage > 3 ? 'ce-within' : ''} ${now(SHOWN[stage])}` }, first),
        svg('text', { x: width - 2, y: y - 7, 'text-anchor': 'end', class: `ce-small ce-back ${now(BACK[stage])}` }, rule)];
    });
    const bottom = tops[5] + TALL[5];
    const one = svg('rect', { x: 1, y: tops[4] - 6 - strip, width: graph - 2, height: bottom - tops[4] + 11 + strip, rx: 8, class: 'ce-fused' });
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom + 6}`);
    drawing.replaceChildren(one, ...edges, ...rules.flat(), ...labels, ...boxes);
    plates([...rules.flat(), ...labels], ({ classList }) => (classList.contains('ce-within') ? 'ce-within' : ''));

    cells.forEach((layer, which) => layer.forEach((row, k) => row.forEach((cell, j) => {
      const [grads, bias] = which ? [found.dW2, found.g] : [found.dW1, found.da];
      cell.textContent = at >= (which ? BACK[2] : BACK[0]) ? short(j < 2 ? grads[k][j] : bias[k]) : '';
    })));
    inputs.forEach((row, k) => row.set(state.inputs[k]));
    truth.set(label);
    const full = found.factor.map((factor, j) => (factor < SATURATED ? '₁₂'[j] : '')).join('');
    const both = (letter) => [...full].map((mark) => letter + mark).join(' and ');
    const texts = [
      'The inputs are given. Press Step: the forward pass computes one stage after the other.',
      'Forward: each hidden score is a weighted sum of the inputs, plus a bias.',
      'Forward: tanh takes each score into the range from −1 to 1.',
      'Forward: the score of each class is a weighted sum of the hidden outputs, plus a bias.',
      'Forward: softmax makes the three scores into probabilities.',
      `Forward, done: p̂ of the truth, ${CLASSES[label]}, is ${short(found.probs[label])}, so the loss is ${short(found.loss)} nats.`,
      'Back: softmax and loss are one step. The slope in the scores is p̂ − y.',
      'Back: weight × slope goes along each edge from z to u; what arrives at a unit is added.',
      `Back: each slope is multiplied by 1 − u².${full ? ` Saturated: ${both('u')}.` : ''}`,
      full ? `Back, done. Saturated: ${both('u')}. Compare the slopes at ${both('u')} and at ${both('a')}.` : 'Back, done. Move an input far from 0, and watch 1 − u².',
    ];
    note.textContent = `${at}/${LAST} ${texts[at].replaceAll('1 − u²', '1\u00a0−\u00a0u²')}`;
    const list = (row) => row.map(short).join(', ');
    const stage = BACK.indexOf(at);
    const numbers = stage >= 0 ? `${GRADS[stage]}: ${list(slopes[stage])}.` : `${RULES[at][0].slice(0, 2).trim()}: ${list(values[at])}.`;
    status.say(`Step ${at} of ${LAST}. ${texts[at]} ${numbers}${at === LAST ? ` ∇a: ${list(found.da)}. ∇u: ${list(found.du)}.` : ''}`);
  }
  const NAMES = ['inputs', 'label', 'W1', 'b1', 'W2', 'b2', 'at'];
  const change = bind(model, NAMES, draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="backward_pass"] { --plus: var(--cat, #0072b2); --minus: var(--dog, #d55e00); }
  .ce-edge { stroke: var(--w-ink); opacity: 0.18; }
  .ce-passed { opacity: 0.5; }
  .ce-carried { fill: none; }
  .ce-up { stroke: var(--plus); }
  .ce-down { stroke: var(--minus); stroke-dasharray: 2 1; }
  .ce-box { fill: var(--w-paper); stroke: color-mix(in srgb, var(--w-ink) 45%, transparent); }
  .ce-box.ce-full { stroke-dasharray: 4 3; fill: color-mix(in srgb, var(--w-ink) 9%, var(--w-paper)); }
  .ce-box.ce-now { stroke: var(--w-accent); stroke-width: 2.5; }
  .ce-fused { fill: color-mix(in srgb, var(--w-ink) 5%, transparent); }
  [data-widget="backward_pass"] svg text { stroke: none; }
  .ce-widget .ce-fit.ce-fit.ce-snug .ce-box ~ text { font-size: 12px; }
  .ce-plate.ce-within { fill: color-mix(in srgb, var(--w-ink) 5%, var(--w-paper)); }
  .ce-widget svg text:is(.ce-now, .ce-truth) { font-weight: 700; }
  .ce-widget svg text.ce-back { fill: var(--w-accent); }
  .ce-widget svg text.ce-plus, .ce-plus { fill: var(--cat, #0072b2); color: var(--cat, #0072b2); }
  .ce-widget svg text.ce-minus, .ce-minus { fill: var(--ce-dog-text, #a84a00); color: var(--ce-dog-text, #a84a00); }
  [data-widget="backward_pass"] table { width: 100%; table-layout: fixed; font-size: 0.8125rem; }
  [data-widget="backward_pass"] :is(th, td) { font-size: inherit; }
  [data-widget="backward_pass"] caption { text-align: left; color: var(--w-quiet); padding-bottom: 0.2rem; }
  [data-widget="backward_pass"] :is(th, td) { white-space: nowrap; padding: 0.12rem 0.2rem 0.12rem 0; height: 1.6em; }
  [data-widget="backward_pass"] th { min-width: 0 !important; }
  [data-widget="backward_pass"] th:first-child { width: 34%; }
  @media (max-width: 23rem) { [data-widget="backward_pass"] table { font-size: 0.71875rem; } }
  @media (prefers-reduced-motion: no-preference) {
    .ce-flow { animation: ce-flow 0.9s ease-out; }
    @keyframes ce-flow { from { stroke-dasharray: 0 24; } to { stroke-dasharray: 24 0; } }
  }
`);

export default widget('backward_pass', render);

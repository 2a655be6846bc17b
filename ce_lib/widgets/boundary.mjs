// The ziggurat of 256 slices of equal area below exp(-x²/2) (Marsaglia and Tsang 2000), as NumPy has it.
const [TAIL, SLICE] = [3.6541528853610088, 0.004928673233974655];
const sides = new Float64Array(256).fill(TAIL); // of slice k, from the narrowest (1) to the widest (255), then the base (0)
for (let k = 254; k > 0; k -= 1) sides[k] = Math.sqrt(-2 * Math.log(SLICE / sides[k + 1] + Math.exp(-0.5 * sides[k + 1] ** 2)));
sides[0] = SLICE / Math.exp(-0.5 * TAIL ** 2);
const tops = sides.map((x, k) => (k ? Math.exp(-0.5 * x * x) : 1));
function normal(pcg) {
  for (;;) {
    const bits = next(pcg);
    const slice = Number(bits & 255n);
    const sign = bits & 256n ? -1 : 1;
    const size = (bits >> 9n) & ((1n << 52n) - 1n);
    const x = Number(size) * 2 ** -52 * sides[slice];
    if (x < (slice === 0 ? TAIL : slice === 1 ? 0 : sides[slice - 1])) return sign * x;
    if (slice === 0) {
      for (;;) {
        const more = -Math.log1p(-uniform(pcg)) / TAIL;
        const room = -Math.log1p(-uniform(pcg));
        if (room + room > more * more) return (size >> 8n) & 1n ? -(TAIL + more) : TAIL + more;
      }
    }
    if ((tops[slice - 1] - tops[slice]) * uniform(pcg) + tops[slice] < Math.exp(-0.5 * x * x)) return sign * x;
  }
}
const begin = ([state, step]) => ({ state: BigInt(state), step: BigInt(step) });

// The chapter's three arms of a hundred points, [x₁, x₂, class] each, drawn by the first generator.
export function arms({ starts }) {
  const pcg = begin(starts[0]);
  return Array.from({ length: 300 }, (_, i) => {
    const [k, r] = [Math.floor(i / 100), 0.1 + (i % 100) * (0.9 / 99)];
    const angle = (2 * Math.PI * k) / 3 + 3.5 * r + 0.15 * normal(pcg);
    return [r * Math.cos(angle), r * Math.sin(angle), k];
  });
}

// The first weights, in one list: W₁ row by row, b₁, W₂ row by row, b₂; without hidden units W₂ and b₂.
export function first({ starts, seed, units }) {
  const pcg = begin(starts[seed]);
  const draws = (inputs, outputs) => Array.from({ length: inputs * outputs }, () => normal(pcg) * (1 / Math.sqrt(inputs)));
  const hidden = units ? [...draws(2, units), ...Array(units).fill(0)] : [];
  return [...hidden, ...draws(units || 2, 3), 0, 0, 0];
}

// The hidden outputs into `u`, the probabilities into `p`; returns the largest score's class.
function answer(w, units, x, y, u, p) {
  const m = units || 2;
  if (units) for (let j = 0; j < units; j += 1) u[j] = Math.tanh(w[2 * j] * x + w[2 * j + 1] * y + w[2 * units + j]);
  else { u[0] = x; u[1] = y; }
  const W2 = 3 * units;
  let top = 0;
  for (let k = 0; k < 3; k += 1) {
    p[k] = 0;
    for (let j = 0; j < m; j += 1) p[k] += w[W2 + k * m + j] * u[j];
    p[k] += w[W2 + 3 * m + k];
    if (p[k] > p[top]) top = k;
  }
  return top;
}

// At one place: p̂, and how many hidden units are saturated there.
export function compute({ weights, units, probe }) {
  const [u, z] = [Array(units || 2), [0, 0, 0]];
  const top = answer(weights, units, ...probe, u, z);
  return { probs: softmax(z), top, saturated: units ? u.filter((value) => Math.abs(value) > 0.99).length : 0 };
}

// The mean loss over the points, the share that is right, and the slope in each weight.
export function slopes({ weights: w, units, points }) {
  const m = units || 2;
  const [B1, W2, B2] = [2 * units, 3 * units, 3 * units + 3 * m];
  const grad = Array(w.length).fill(0);
  const [u, p] = [Array(m), [0, 0, 0]];
  let [loss, right] = [0, 0];
  for (const [x, y, c] of points) {
    const top = answer(w, units, x, y, u, p);
    right += top === c;
    const [high, own] = [p[top], p[c]];
    let rest = 0;
    for (let k = 0; k < 3; k += 1) { p[k] = Math.exp(p[k] - high); if (k !== top) rest += p[k]; }
    loss += Math.log1p(rest) + high - own;
    for (let k = 0; k < 3; k += 1) {
      const g = (p[k] / (1 + rest) - (k === c)) / points.length;
      p[k] = g;
      grad[B2 + k] += g;
      for (let j = 0; j < m; j += 1) grad[W2 + k * m + j] += g * u[j];
    }
    for (let j = 0; j < units; j += 1) {
      const back = (p[0] * w[W2 + j] + p[1] * w[W2 + m + j] + p[2] * w[W2 + 2 * m + j]) * (1 - u[j] * u[j]);
      grad[2 * j] += back * x;
      grad[2 * j + 1] += back * y;
      grad[B1 + j] += back;
    }
  }
  return { loss: loss / points.length, right: right / points.length, grad };
}

// So many steps of gradient descent; the loss before each.
export function train({ weights, units, points, rate, steps }) {
  const losses = [];
  for (let k = 0; k < steps; k += 1) {
    const { loss, grad } = slopes({ weights, units, points });
    losses.push(loss);
    weights = weights.map((w, i) => w - rate * grad[i]);
  }
  return { weights, losses };
}

const [LIMIT, MOST] = [10_000, 100]; // steps, and points that are added
const VIEWS = { '1.2': '±1.2', '4.0': '±4', '20.0': '±20' };
const UNITS = { 0: '0', 2: '2', 4: '4', 8: '8', 16: '16' };
const LEVELS = 6; // of certainty, from a third to 1

function render({ model, el }) {
  const points = arms({ starts: model.get('starts') });
  const all = () => [...points, ...model.get('added')];
  const drawing = svg('svg', { role: 'img', 'aria-label': 'The plane with the points of three classes, coloured by the answer of the network and stronger where it is more certain; the probabilities at the probe; and the loss against the steps' });
  const bound = (value) => Math.max(-model.get('view'), Math.min(model.get('view'), value));
  const put = (x, y) => { // to a hundredth of the view
    const unit = model.get('view') / 100;
    change({ probe: [x, y].map((value) => Number((Math.round(bound(value) / unit) * unit).toFixed(3))) });
  };
  const plane = (x, y) => [(2 * (x - 1)) / side - 1, 1 - (2 * (y - 1)) / side].map((value) => value * model.get('view'));
  const knob = grip(drawing, {
    label: 'Probe, a point of the plane; arrow keys move it, Enter adds a point of the chosen class', min: -20, max: 20,
    move: (x, y) => put(...plane(x, y)),
    nudge: (right, up) => { const [x, y] = model.get('probe'); put(x + (right * model.get('view')) / 50, y + (up * model.get('view')) / 50); },
  });
  const add = (x, y) => {
    const added = model.get('added');
    if (added.length >= MOST) { status.say(`No more than ${MOST} points can be added.`); return; }
    change({ added: [...added, [x, y, model.get('label')]] });
    status.say(`A ${CLASSES[model.get('label')]} added at ${digits(x, 2)}, ${digits(y, 2)}: loss ${digits(run.loss)}, ${share(run.right)} right.`);
  };
  knob.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    add(...model.get('probe'));
  });
  let pressed = [0, 0];
  drawing.addEventListener('pointerdown', (event) => { pressed = [event.clientX, event.clientY]; });
  drawing.addEventListener('click', (event) => { // a press that did not move; a finger that moves scrolls the page
    if (Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 6) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    if (at.x > 1 && at.x < side + 1 && at.y > 1 && at.y < side + 1) add(...plane(at.x, at.y).map((value) => Number(value.toFixed(4))));
  });

  const share = (value) => `${(100 * value).toFixed(1)}%`;
  let run; // the network as it is trained, with its loss
  let timer = 0;
  const measure = () => { Object.assign(run, slopes({ ...run, points: all() })); show(); };
  const advance = (steps) => {
    const { weights, losses } = train({ ...run, points: all(), rate: model.get('rate'), steps });
    if (run.curve.at(-1)[2] !== model.get('rate')) run.curve.push([run.steps, losses[0], model.get('rate')]); // the curve says where the step size changed
    losses.forEach((loss, k) => { if (run.steps + k >= 1.05 * run.curve.at(-1)[0] + 1) run.curve.push([run.steps + k, loss, model.get('rate')]); });
    run.weights = weights;
    run.steps += steps;
  };
  const keep = () => change({ steps: run.steps, curve: run.curve, weights: run.weights });
  const reset = (values = {}) => {
    stop();
    const { units: count, seed } = { units: model.get('units'), seed: model.get('seed'), ...values };
    const weights = first({ starts: model.get('starts'), seed, units: count });
    const { loss } = slopes({ weights, units: count, points: all() });
    change({ ...values, steps: 0, curve: [[0, loss, model.get('rate')]], weights });
  };
  const stop = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = 0;
    play.textContent = 'Train';
    keep();
  };
  const button = (name, act) => html('button', { type: 'button', onclick: act }, name);
  const play = button('Train', () => {
    if (timer) return stop();
    play.textContent = 'Pause';
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches; // then one picture a second
    const tick = () => {
      if (!el.isConnected) return;
      if (run.steps >= LIMIT) return stop();
      const wanted = still ? 100 : Math.ceil(1 + run.steps / 50); // slow enough to see the first steps
      const end = performance.now() + 30;
      for (let k = 0; k < wanted && performance.now() < end; k += 5) advance(Math.min(5, wanted - k));
      measure();
      timer = setTimeout(tick, still ? 1000 : 50);
    };
    timer = setTimeout(tick, 0);
  });
  play.className = 'ce-play';
  const buttons = html('div', { className: 'ce-row ce-tight' }, play, button('Step', () => { stop(); advance(1); keep(); }),
    button('Start over', () => reset()), button('Other first weights', () => reset({ seed: (model.get('seed') + 1) % model.get('starts').length })));
  const units = choice('hidden units', UNITS, (value) => reset({ units: Number(value) }));
  const rate = slider('step size η', { min: 0.1, max: 5, step: 0.1, show: (value) => digits(value, 1), change: (value) => change({ rate: value }) });
  const views = choice('View', VIEWS, (value) => change({ view: Number(value), probe: model.get('probe').map((at) => Number((at * (Number(value) / model.get('view'))).toFixed(3))) }));
  const kinds = choice('A press adds a', Object.fromEntries(CLASSES.map((name, k) => [k, name])), (value) => change({ label: Number(value) }));
  const extra = html('div', { className: 'ce-row ce-tight' }, button('Add at the probe', () => add(...model.get('probe'))), button('Remove added', () => change({ added: [] })));
  const key = html('p', { className: 'ce-line ce-key' }, 'Colour: the class that the network prefers, stronger where it is surer. Dot in a cross: the probe, where p̂ is read', html('span', { className: 'ce-hint' }, '; drag it or use the arrow keys'), '. Curve: the loss at each step so far, η: its step size.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(withKnobs(drawing, [knob], () => undefined), key, note, buttons, html('div', { className: 'ce-row' }, units, views), html('div', { className: 'ce-grid' }, rate, html('div', {}, kinds, extra)), status);

  let [width, side] = [640, 380];

  // The regions: squares of one class and one level of certainty in a row are one stroke of a path.
  function regions() {
    const count = timer ? 64 : 128;
    const [view, u, z] = [model.get('view'), Array(16), [0, 0, 0]];
    const edge = (k) => 1 + Math.round((side * k) / count); // whole pixels: no seams
    const paths = Array.from({ length: 3 * LEVELS }, () => []);
    for (let i = 0; i < count; i += 1) {
      const y = view * (1 - (2 * i + 1) / count);
      let [before, from] = [-1, 0];
      for (let j = 0; j <= count; j += 1) {
        let which = -1;
        if (j < count) {
          const top = answer(run.weights, run.units, view * ((2 * j + 1) / count - 1), y, u, z);
          const sum = Math.exp(z[0] - z[top]) + Math.exp(z[1] - z[top]) + Math.exp(z[2] - z[top]);
          which = LEVELS * top + Math.min(LEVELS - 1, Math.floor(LEVELS * 1.5 * (1 / sum - 1 / 3)));
        }
        if (which === before) continue;
        if (before >= 0) paths[before].push(`M${edge(from)} ${edge(i)}H${edge(j)}V${edge(i + 1)}H${edge(from)}`);
        [before, from] = [which, j];
      }
    }
    return paths.map((parts, which) => svg('path', { d: parts.join(''), class: `ce-${CLASSES[Math.floor(which / LEVELS)]} ce-region`, 'fill-opacity': (0.08 + 0.07 * (which % LEVELS)).toFixed(2) }));
  }

  function show() {
    const wide = width >= 560;
    side = Math.round(Math.min(wide ? 0.6 * width : width - 2, 420));
    const view = model.get('view');
    const [left, down] = wide ? [side + 28, 0] : [0, side + 12];
    const room = width - left;
    const place = (x, y) => [1 + (side * (1 + x / view)) / 2, 1 + (side * (1 - y / view)) / 2].map((at) => at.toFixed(1));
    const dots = CLASSES.flatMap((name, k) => {
      const inside = all().filter(([x, y, c]) => c === k && Math.max(Math.abs(x), Math.abs(y)) <= view);
      const d = inside.map(([x, y]) => `M${place(x, y).join(' ')}h0`).join('');
      return [svg('path', { d, class: 'ce-point' }), svg('path', { d, class: `ce-point ce-of-${name}` })];
    });
    const fresh = model.get('added').filter(([x, y]) => Math.max(Math.abs(x), Math.abs(y)) <= view).map(([x, y]) => { const [cx, cy] = place(x, y); return svg('circle', { cx, cy, r: 6, class: 'ce-axis' }); });
    const text = (x, y, said, more = {}) => svg('text', { x, y, ...more }, said);
    const names = view > 2 ? [] : CLASSES.map((name, k) => {
      const angle = (2 * Math.PI * k) / 3 + 3.5;
      const [x, y] = place(1.08 * Math.cos(angle), 1.08 * Math.sin(angle)).map(Number);
      return text(x, y + 4, name, { 'text-anchor': 'middle', class: `ce-${name}` });
    });
    const edge = VIEWS[view.toFixed(1)].slice(1);
    const axes = [[6, 17, `x₂ = ${edge}`, 'start'], [6, side - 6, `−${edge}`, 'start'], [side - 5, side - 6, `x₁ = ${edge}`, 'end']]
      .map(([x, y, said, anchor]) => text(x, y, said, { 'text-anchor': anchor, class: 'ce-small' }));
    const { probs, top, saturated } = compute({ ...run, probe: model.get('probe') });
    const [px, py] = place(...model.get('probe')).map(Number);
    const [x, y] = model.get('probe');
    const where = [x, y].map((at) => digits(at, 2)).join(', ');

    const bars = CLASSES.flatMap((name, k) => {
      const [from, across, at] = [left + 36, room - 36 - 46, down + 26 + 22 * k];
      return [text(left, at + 13, name), svg('rect', { x: from, y: at, width: Math.max(0, across), height: 16, class: 'ce-trough' }),
        svg('rect', { x: from, y: at, width: Math.max(0, across * probs[k]), height: 16, class: `ce-${name}` }), text(width - 1, at + 13, probs[k].toFixed(3), { 'text-anchor': 'end' })];
    });
    const [head, foot, from] = wide ? [down + 148, side - 34, left + 26] : [down + 122, down + 222, left + 26];
    const most = Math.max(1.2, ...run.curve.map(([, loss]) => loss), run.loss);
    const tick = [5, 2, 1].map((n) => n * 10 ** Math.floor(Math.log10(most))).find((n) => n <= most); // far enough from 0
    const last = Math.max(1, run.steps);
    const line = [...run.curve, [run.steps, run.loss]].map(([t, loss]) => `${(from + ((width - 8 - from) * t) / last).toFixed(1)} ${(foot - ((foot - head) * loss) / most).toFixed(1)}`);
    const rates = run.curve.map((point) => point[2] ?? model.get('rate')).filter((rate, k, all) => rate !== all[k - 1]); // one after the other
    const curve = [
      text(left, head - 14, `loss ${digits(run.loss)} nats, ${share(run.right)} right`),
      text(width - 8, head + 8, `η = ${rates.length > 2 ? '…, ' : ''}${rates.slice(-2).map((rate) => digits(rate, 1)).join(', then ')}`, { 'text-anchor': 'end', class: 'ce-small' }),
      svg('path', { d: `M${from} ${head}V${foot}H${width - 8}`, class: 'ce-axis' }),
      ...[0, tick].map((loss) => text(from - 5, foot - ((foot - head) * loss) / most + 4, String(loss), { 'text-anchor': 'end', class: 'ce-small' })),
      svg('path', { d: `M${line.join('L')}`, class: 'ce-axis ce-bold' }),
      text(from, foot + 18, '0', { 'text-anchor': 'middle', class: 'ce-small' }), text(width - 8, foot + 18, `${run.steps} steps`, { 'text-anchor': 'end', class: 'ce-small' }),
    ];
    drawing.setAttribute('viewBox', `0 0 ${width} ${wide ? side + 2 : foot + 26}`);
    drawing.replaceChildren(...regions(), ...dots, ...fresh, svg('rect', { x: 1, y: 1, width: side, height: side, class: 'ce-triangle' }), ...axes, ...names,
      svg('path', { d: `M${px - 11} ${py}h22M${px} ${py - 11}v22`, class: 'ce-axis' }), svg('circle', { cx: px, cy: py, r: 7, class: 'ce-handle ce-ball' }),
      text(left, down + 15, 'p̂ at the probe'), ...bars, ...curve);
    knob.set(px, py, x, `${where}: ${CLASSES.map((name, k) => `${name} ${digits(probs[k])}`).join(', ')}`);
    note.textContent = `Probe at (${where}): ${CLASSES[top]}, p̂ ${probs[top].toFixed(3)}. ${run.units ? `Of ${run.units} hidden units ${saturated} ${saturated === 1 ? 'is' : 'are'} saturated there (output beyond ±0.99).` : 'No hidden units.'} ${run.steps >= LIMIT ? `Training ends at ${LIMIT} steps.` : ''}`;
  }
  const say = () => status.say(`After ${run.steps} steps: loss ${digits(run.loss)}, ${share(run.right)} right. ${note.textContent}`);
  const NAMES = ['units', 'rate', 'seed', 'weights', 'steps', 'curve', 'view', 'probe', 'label', 'added'];
  let before = {};
  const change = bind(model, NAMES, (state) => {
    const changed = (...names) => names.some((name) => state[name] !== before[name]);
    const [other, more, seen] = [changed('weights'), changed('added'), changed('view', 'probe')];
    before = state;
    if (other) run = { units: state.units, weights: state.weights, steps: state.steps, curve: state.curve.map((pair) => [...pair]) };
    units.set(state.units);
    rate.set(state.rate);
    views.set(state.view.toFixed(1));
    kinds.set(state.label);
    if (other || more) measure();
    else if (seen) show();
    if (other || more || seen) say();
  });
  fit(drawing, (wanted) => { width = wanted; show(); });
}

dress(`
  .ce-region { shape-rendering: crispEdges; }
  .ce-point { fill: none; stroke: var(--w-paper); stroke-width: 6; stroke-linecap: round; }
  .ce-point.ce-of-cat { stroke: var(--cat, #0072b2); stroke-width: 4.5; }
  .ce-point.ce-of-dog { stroke: var(--dog, #d55e00); stroke-width: 4.5; }
  .ce-point.ce-of-bird { stroke: var(--bird, #009e73); stroke-width: 4.5; }
  .ce-trough { fill: color-mix(in srgb, var(--w-ink) 10%, transparent); }
  [data-widget="boundary"] .ce-choice { column-gap: 0.5rem; }
  [data-widget="boundary"] .ce-draggable { overflow: clip; overflow-clip-margin: 0.7rem; } /* the knob at an edge */
  [data-widget="boundary"] svg { cursor: crosshair; }
`);

export default widget('boundary', render);

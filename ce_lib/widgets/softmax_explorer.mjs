export function compute({ logits, shift, temperature, label }) {
  const z = logits.map((value) => (value + shift) / temperature);
  const exps = z.map(Math.exp);
  const y = logits.map((_, k) => Number(k === label));
  return { z, exps, total: exps.reduce((sum, e) => sum + e, 0), probs: softmax(z), loss: crossEntropy(z, y) };
}

const [TOP, TALL, HEIGHT, MOST] = [44, 200, 272, 5];
const limit = (value, least, most) => Math.min(most, Math.max(least, value));
// 0.659, 403.429, 2.2e4: a number that has room in a narrow column.
const short = (x) => (x !== 0 && (x < 1e-3 || x >= 1e4) ? x.toExponential(1).replace('e+', 'e').replace('-', '−') : digits(x, x < 1e3 ? 3 : 0));
const points = (x) => (Math.round(10 * x) / 10 + 0).toFixed(1).replace('-', '−');
const signed = (x) => `${x > 0 ? '+' : ''}${points(x)}`;

// The number line holds −3 to 3, and more where the scores need it.
function lineFor(z) {
  const [low, high] = [Math.min(-3, Math.floor(Math.min(...z))), Math.max(3, Math.ceil(Math.max(...z)))];
  const step = [1, 2, 5, 10, 20, 50].find((size) => (high - low) / size <= 9);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick + 0);
  return { low, high, step, ticks };
}

// Where the columns are in a drawing so many pixels wide.
function columns(width) {
  const wide = width >= 480;
  const step = limit(0.11 * width, 36, 58);
  const left = 31;
  const centres = [0, 1, 2, 3].map((k) => left + step * (k + 0.5)); // of all three, cat, dog, bird
  const end = left + 4 * step;
  const share = limit(0.12 * width - 10, 22, 70);
  const from = end + (wide ? limit(0.12 * width, 20, 80) : 12);
  const to = width - share - (wide ? 80 : 10);
  return { wide, step, left, centres, end, from, to, bar: (to - from) / 3, share, at: width - share };
}

function render({ model, el }) {
  const full = model.get('details');
  let held; // the number line stands still while a bar is dragged
  let width = 640;
  const line = (state) => held ?? lineFor(compute(state).z);
  const state = () => Object.fromEntries(['logits', 'shift', 'temperature', 'label'].map((name) => [name, model.get(name)]));
  const round = (value) => Math.round(10 * value) / 10 + 0;
  const put = (k, value) => change({ logits: model.get('logits').map((old, j) => (j === k ? round(limit(value, -MOST, MOST)) : old)) });
  const putAll = (value) => change({ shift: round(limit(value, -MOST, MOST)) });
  const scoreAt = (y) => {
    const { low, high } = line(state());
    return limit(high - ((y - TOP) / TALL) * (high - low), low, high) * model.get('temperature');
  };
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Three columns: the scores as bars on a number line, their exponentials as bars, and their shares as one stacked bar' });
  const all = grip(drawing, {
    label: 'all three scores together', min: -MOST, max: MOST,
    move: (_, y) => {
      const { logits, temperature } = state();
      const { low, high } = line(state());
      const mean = logits.reduce((sum, value) => sum + value, 0) / 3;
      putAll(limit(scoreAt(y) - mean, low * temperature - Math.min(...logits), high * temperature - Math.max(...logits)));
    },
    nudge: (right, up) => putAll(model.get('shift') + 0.1 * (right + up)),
  });
  const knobs = CLASSES.map((name, k) => grip(drawing, {
    label: `score of ${name}`, min: -2 * MOST, max: 2 * MOST,
    move: (_, y) => put(k, scoreAt(y) - model.get('shift')),
    nudge: (right, up) => put(k, model.get('logits')[k] + 0.1 * (right + up)),
  }));
  const grips = [all, ...knobs];
  for (const knob of grips) {
    knob.setAttribute('aria-orientation', 'vertical');
    knob.addEventListener('gotpointercapture', () => { held = lineFor(compute(state()).z); });
    knob.addEventListener('lostpointercapture', () => { held = undefined; draw(); });
  }
  const frame = withKnobs(drawing, grips, (x) => {
    const { centres, end, step } = columns(width);
    return x < end ? grips[centres.findIndex((centre) => x < centre + step / 2)] : undefined;
  });
  const warmth = slider('temperature T', {
    min: -1, max: 1, step: 0.05, change: (value) => change({ temperature: Number((10 ** value).toPrecision(3)) }),
  });
  const truth = choice(full ? 'true class' : 'The photograph shows a', Object.fromEntries(CLASSES.map((name, k) => [k, name])), (value) => change({ label: Number(value) }));
  const back = html('button', { type: 'button', onclick: () => change({ logits: [2, 1, 0.1], shift: 0, temperature: 1 }) }, 'Start again');
  const heads = full ? ['', 'score z', 'z / T', 'exp(z/T)', 'share p̂'] : ['', 'score', 'exp\u200b(score)', 'share'];
  const rows = [...CLASSES, 'sum'].map((name) => html('tr', {}, html('th', { scope: 'row', className: `ce-key-${name}` }, name), heads.slice(1).map(() => html('td', {}))));
  const table = html('table', { className: 'ce-numbers' }, html('thead', {}, html('tr', {}, heads.map((head) => html(head ? 'th' : 'td', head ? { scope: 'col' } : {}, head)))), html('tbody', {}, rows));
  const note = html('p', { className: 'ce-line ce-note' });
  const loss = html('p', { className: 'ce-line' });
  const status = speaker();
  el.append(frame, note, table, html('div', { className: 'ce-row' }, truth, back), full ? warmth : [], loss, status);

  function draw() {
    const now = state();
    const { z, exps, total, probs, loss: cost } = compute(now);
    const { low, high, step, ticks } = line(now);
    const { wide, step: pitch, left, centres, end, from, to, bar, share, at } = columns(width);
    drawing.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    const y = (value) => TOP + (TALL * (high - value)) / (high - low);
    const grown = (value) => TOP + TALL * (1 - Math.exp(value - high)); // the height of exp(value)
    const bottom = TOP + TALL;
    const parts = [
      svg('text', { x: left, y: 14 }, full && now.temperature !== 1 ? 'scores ÷ T' : 'scores'),
      svg('text', { x: wide ? from : from - 12, y: 14 }, 'exp'),
      svg('text', { x: width, y: 14, 'text-anchor': 'end' }, 'shares'),
      svg('text', { x: wide ? from : width, y: 32, 'text-anchor': wide ? 'start' : 'end', class: 'ce-small' }, `${wide && width > 560 ? 'e ≈ 2.718 to that power; ' : ''}each line up: ×${short(Math.exp(step))}`),
    ];
    let free = -Infinity; // the lines crowd towards zero: the labels that have room are written
    for (const tick of ticks.toReversed()) {
      const [here, there] = [y(tick), grown(tick)];
      parts.push(svg('path', { d: `M${left} ${here}H${end}L${from} ${there}H${to}`, class: tick ? 'ce-thin' : 'ce-thin ce-zero' }));
      parts.push(svg('text', { x: left - 6, y: here + 4, 'text-anchor': 'end', class: 'ce-small' }, digits(tick, 0)));
      if (!wide || there - free < 16 || bottom - there < 12) continue;
      free = there;
      parts.push(svg('text', { x: to + 6, y: there + 4, class: 'ce-small' }, Math.exp(tick) < 1e4 ? digits(Math.exp(tick), tick > 4 ? 0 : 1) : short(Math.exp(tick))));
    }
    parts.push(svg('path', { d: `M${from} ${bottom}H${to}`, class: 'ce-axis' }), svg('path', { d: `M${left} ${y(0)}H${end}`, class: 'ce-axis' }));
    const tops = z.map(y);
    parts.push(svg('path', { d: `M${centres[0] + 5} ${Math.min(...tops)}H${centres[0]}V${Math.max(...tops)}H${centres[0] + 5}`, class: 'ce-bracket' }));
    const middle = y(z.reduce((sum, value) => sum + value, 0) / 3);
    parts.push(svg('circle', { cx: centres[0], cy: middle, r: 8, class: 'ce-handle' }));
    parts.push(svg('text', { x: centres[0], y: bottom + 20, 'text-anchor': 'middle', class: 'ce-small' }, 'all'));
    let base = bottom;
    CLASSES.forEach((name, k) => {
      const [x, thick] = [centres[k + 1], 0.5 * pitch];
      parts.push(svg('rect', { x: x - thick / 2, y: Math.min(tops[k], y(0)), width: thick, height: Math.abs(tops[k] - y(0)), class: `ce-${name}` }));
      parts.push(svg('circle', { cx: x, cy: tops[k], r: 8, class: `ce-${name} ce-end` }));
      parts.push(svg('text', { x, y: bottom + 20, 'text-anchor': 'middle', class: 'ce-small' }, name));
      parts.push(svg('rect', { x: from + bar * (k + 0.15), y: grown(z[k]), width: 0.7 * bar, height: bottom - grown(z[k]), class: `ce-${name}` }));
      base -= probs[k] * TALL;
      parts.push(svg('rect', { x: at, y: base, width: share, height: probs[k] * TALL, class: `ce-${name} ce-part` }));
      if (wide && probs[k] > 0.08) parts.push(svg('text', { x: at + share / 2, y: base + (probs[k] * TALL) / 2 + 4, 'text-anchor': 'middle' }, `${share > 66 ? `${name} ` : ''}${digits(probs[k], 2)}`));
      knobs[k].set(x, tops[k], round(now.logits[k] + now.shift), `${points(now.logits[k] + now.shift)}, share ${digits(probs[k])}`);
    });
    all.set(centres[0], middle, now.shift, `moved by ${points(now.shift)}`);
    drawing.replaceChildren(...parts);
    CLASSES.forEach((_, k) => {
      const score = points(now.logits[k] + now.shift);
      fill(rows[k], full ? [score, digits(z[k], Math.abs(z[k]) < 10 ? 3 : 1), short(exps[k]), short(probs[k])] : [score, short(exps[k]), short(probs[k])]);
    });
    fill(rows[3], full ? ['', '', short(total), '1'] : ['', short(total), '1']);
    note.textContent = now.shift
      ? `The bracket moves all three scores by ${signed(now.shift)}: each exponential is ×${short(Math.exp(now.shift / now.temperature))}, and so is their sum. That changes no share.`
      : 'Drag a bar. The bracket “all” spans the three scores: drag its handle to move them together.';
    loss.textContent = `Loss, minus the logarithm of the share of the ${CLASSES[now.label]}: ${digits(cost)}${full ? ' nats' : ''}.`;
    warmth.set(Math.log10(now.temperature), digits(now.temperature, 2));
    truth.set(now.label);
    status.say(`Shares: ${CLASSES.map((name, k) => `${name} ${digits(probs[k])}`).join(', ')}. Loss ${digits(cost)}. ${now.shift ? note.textContent : ''}`);
  }
  const fill = (row, values) => values.forEach((value, k) => { row.children[k + 1].textContent = value; });
  const change = bind(model, ['logits', 'shift', 'temperature', 'label'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  .ce-thin, .ce-bracket { fill: none; stroke: var(--w-ink); opacity: 0.28; }
  .ce-zero { opacity: 0.6; }
  .ce-bracket { stroke-width: 2; opacity: 1; }
  .ce-end { stroke: var(--w-paper); stroke-width: 2; }
  .ce-part { stroke: var(--w-paper); }
  .ce-widget .ce-numbers { width: 100%; table-layout: fixed; margin: 0; }
  .ce-widget .ce-numbers :is(th, td) { padding-right: 0.3rem; white-space: nowrap; }
  @media (max-width: 30rem) {
    .ce-widget .ce-numbers :is(th, td) { padding-right: 0; }
    .ce-widget .ce-numbers thead td { width: 2.9rem; }
  }
  @media (max-width: 15rem) { .ce-widget .ce-numbers thead th { white-space: normal; } }
  @media (max-width: 22rem) { .ce-widget .ce-numbers td { font-size: 0.75rem; } .ce-widget .ce-numbers thead th { font-size: 0.6875rem; } }
`);

export default widget('softmax_explorer', render);

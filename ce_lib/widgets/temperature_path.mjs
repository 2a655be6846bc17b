// The prediction at the inverse temperature β = 1/T, its entropy, and its place in a triangle of side 1.
export function compute({ logits, beta }) {
  const probs = softmax(logits.map((z) => beta * z));
  const entropy = probs.reduce((sum, p) => sum - (p && p * Math.log(p)), 0);
  return { probs, entropy, at: place(probs) };
}
const ROOT = Math.sqrt(3) / 2;
const place = ([, dog, bird]) => [dog + bird / 2, ROOT * bird];

// A step along the path: β = sinh(s) / sinh(1), so that T = 1 is at s = 1 and 1/T = 0 in the middle.
const [MOST, FINE] = [4.5, 0.05];
const betaAt = (s) => Number((Math.sinh(s) / Math.sinh(1)).toPrecision(4)) + 0;
const stepOf = (beta) => Math.asinh(beta * Math.sinh(1));
const limit = (value, least, most) => Math.min(most, Math.max(least, value));
const steps = Array.from({ length: 2 * (MOST / FINE) + 1 }, (_, k) => FINE * (k - MOST / FINE));

const warmth = (beta) => (beta ? digits(1 / beta, Math.abs(beta) > 10 ? 3 : 2) : '∞');
const share = (x) => (x > 0 && x < 5e-4 ? '<0.001' : x.toFixed(3));
const points = (x) => (x + 0).toFixed(1).replace('-', '−');
const TOP = 24;

function render({ model, el }) {
  let width = 640;
  const state = () => ({ logits: model.get('logits'), beta: model.get('beta') });
  const frame = () => {
    const side = Math.min(width - 26, 400); // the point at a corner keeps its room
    return { side, left: (width - side) / 2, base: TOP + ROOT * side };
  };
  const inside = ([x, y]) => {
    const { side, left, base } = frame();
    return [left + side * x, base - side * y];
  };
  const drawing = svg('svg', { role: 'img', 'aria-label': 'The triangle of all predictions: a point at the prediction, the curve on which the temperature moves it, and five straight lines through the corner of the bird' });
  const whole = drag(drawing, {
    label: 'temperature', min: -MOST, max: MOST,
    move: (x, y) => { // to the nearest point of the curve
      const far = steps.map((s) => {
        const [a, b] = inside(compute({ ...state(), beta: betaAt(s) }).at);
        return Math.hypot(a - x, b - y);
      });
      change({ beta: betaAt(steps[far.indexOf(Math.min(...far))]) });
    },
    nudge: (right, up) => change({ beta: betaAt(limit(Math.round((stepOf(model.get('beta')) + FINE * (right + up)) / FINE) * FINE, -MOST, MOST)) }),
  });
  const rows = CLASSES.map((name, k) => slider(`score of ${name}`, {
    min: -3, max: 3, step: 0.1, show: points,
    change: (value) => change({ logits: model.get('logits').map((old, j) => (j === k ? value : old)) }),
  }));
  const values = [...CLASSES, 'temperature T', 'entropy (nats)'].map((name) => html('div', { className: `ce-key-${name.split(' ')[0]}` }, html('b', {}), html('span', {}, name)));
  const back = html('button', { type: 'button', onclick: () => change({ logits: [2, 1, 0.1], beta: 1 }) }, 'Start again');
  const key = html('p', { className: 'ce-line ce-key' }, 'Large dot: the prediction at T.', html('span', { className: 'ce-hint' }, ' Drag it along the curve to change T.'), ' Grey lines: equal (cat − dog) ÷ T.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(html('div', { className: 'ce-grid' }, html('div', {}, whole, key), html('div', {}, html('div', { className: 'ce-figures' }, values), note, rows, html('div', { className: 'ce-row' }, back))), status);

  function draw() {
    const { logits, beta } = state();
    const { probs, entropy, at } = compute({ logits, beta });
    const { side, left, base } = frame();
    const text = (x, y, said, more) => svg('text', { x, y, 'text-anchor': 'middle', ...more }, said);
    const line = (from, to) => steps.filter((s) => s >= from && s <= to).map((s) => inside(compute({ logits, beta: betaAt(s) }).at).map((n) => n.toFixed(1)).join(' ')).join('L');
    const [apex, here, centre] = [inside([0.5, ROOT]), inside(at), inside(place([1 / 3, 1 / 3, 1 / 3]))];
    const fan = [-2, -1, 0, 1, 2].map((gap) => [gap, inside([1 / (1 + Math.exp(gap)), 0])]);
    // labels beside the curve, inside the triangle, where no other label, no curve and not the point is near
    const taken = [here, inside([0, 0]), inside([1, 0]), apex];
    const bends = steps.map((s) => inside(compute({ logits, beta: betaAt(s) }).at));
    const within = (x, y) => y < base && Math.abs(x - apex[0]) < (y - TOP) / (2 * ROOT) - 4;
    const labels = [['∞', 0], ['1', 1], ['½', 2], ['2', 0.5], ['−1', -1]].flatMap(([said, b]) => {
      const [x, y] = b ? inside(compute({ logits, beta: b }).at) : centre;
      if (taken.some(([a, c]) => Math.hypot(x - a, y - c) < 60)) return [];
      const side = [8, -56].find((from) => [from, from + 48].every((by) => within(x + by, y - 6))
        && !bends.some(([a, c]) => a > x + from && a < x + from + 48 && Math.abs(c - y) < 8));
      if (!side) return [];
      taken.push([x, y]);
      return [svg('circle', { cx: x, cy: y, r: 3, class: 'ce-other' }), text(x + side + 24, y + 4, `T = ${said}`, { class: 'ce-small ce-mark-t' })];
    });
    drawing.setAttribute('viewBox', `0 0 ${width} ${base + 44}`);
    drawing.replaceChildren(
      ...fan.map(([, [x, y]]) => svg('path', { d: `M${apex}L${x} ${y}`, class: 'ce-ray' })),
      svg('path', { d: `M${left} ${base}h${side}L${apex}Z`, class: 'ce-axis' }),
      svg('path', { d: `M${line(0, MOST)}`, class: 'ce-path' }), svg('path', { d: `M${line(-MOST, 0)}`, class: 'ce-path ce-below' }),
      ...fan.filter(([, [x]]) => Math.min(x - left, left + side - x) > 36).map(([gap, [x]]) => text(x, base + 17, points(gap).slice(0, -2), { class: 'ce-small' })),
      text(width / 2, base + 37, '(score of cat − score of dog) ÷ T', { class: 'ce-small' }),
      text(left, base + 17, 'cat', { class: 'ce-cat', 'text-anchor': 'start' }), text(left + side, base + 17, 'dog', { class: 'ce-dog', 'text-anchor': 'end' }), text(apex[0], 15, 'bird', { class: 'ce-bird' }),
      ...labels,
      svg('circle', { cx: here[0], cy: here[1], r: 8, class: 'ce-handle' }),
    );
    plates(drawing.querySelectorAll('.ce-mark-t'));
    const shown = [...probs.map(share), warmth(beta), share(entropy)];
    shown.forEach((value, k) => { values[k].firstChild.textContent = value; });
    rows.forEach((row, k) => row.set(logits[k]));
    const best = CLASSES.filter((_, k) => logits[k] === Math.max(...logits));
    const last = CLASSES.filter((_, k) => logits[k] === Math.min(...logits));
    if (best.length === 3) note.textContent = 'The scores are equal: at every temperature the prediction is the centre.';
    else if (beta < 0) note.textContent = `Below zero the order is reversed: the path leads to ${last.join(' and ')}.`;
    else note.textContent = `Cold leads to ${best.join(' and ')}, hot to the centre (∞). Dashed: negative temperatures.`;
    whole.set(...here, Number(stepOf(beta).toFixed(2)), `T ${shown[3]}: ${CLASSES.map((name, k) => `${name} ${shown[k]}`).join(', ')}`);
    status.say(`Temperature ${shown[3]}: ${CLASSES.map((name, k) => `${name} ${shown[k]}`).join(', ')}. Entropy ${shown[4]} nats.`);
  }
  const change = bind(model, ['logits', 'beta'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  .ce-ray { fill: none; stroke: var(--w-quiet); opacity: 0.5; }
  .ce-path { fill: none; stroke: var(--other, #cc79a7); stroke-width: 2.5; }
  .ce-below { stroke-dasharray: 5 4; }
  [data-widget="temperature_path"] .ce-figures { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.4rem; }
  [data-widget="temperature_path"] .ce-figures div { grid-column: span 2; }
  [data-widget="temperature_path"] .ce-figures div:nth-child(n+4) { grid-column: span 3; }
  [data-widget="temperature_path"] .ce-figures div { padding-left: 0.4rem; }
  [data-widget="temperature_path"] .ce-figures span { font-size: 0.8125rem; }
  [data-widget="temperature_path"] .ce-figures b { font-size: 1.2rem; white-space: nowrap; }
  @media (max-width: 22rem) { [data-widget="temperature_path"] .ce-figures b { font-size: 1rem; } }
  [data-widget="temperature_path"] .ce-note.ce-note.ce-note { min-height: 2.9em; }
`);

export default widget('temperature_path', render);

export const compute = (p) => ({ nats: -Math.log(p), bits: -Math.log2(p), choices: 1 / p });

const POINTS = [0.9, 0.6, 0.33, 0.1]; // the lesson's four
const [LEFT, RIGHT, TOP, BOTTOM, MOST] = [42, 430, 12, 232, 7];
const at = (p) => [LEFT + (RIGHT - LEFT) * p, BOTTOM - (BOTTOM - TOP) * (-Math.log(p) / MOST)];

function axes() {
  const parts = [svg('path', { d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}`, class: 'ce-axis' })];
  for (const p of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
    const x = LEFT + (RIGHT - LEFT) * p;
    parts.push(svg('text', { x, y: BOTTOM + 18, 'text-anchor': 'middle' }, String(p)));
  }
  for (const nats of [0, 2, 4, 6]) {
    const y = BOTTOM - ((BOTTOM - TOP) * nats) / MOST;
    parts.push(svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, String(nats)));
  }
  parts.push(svg('text', { x: RIGHT, y: BOTTOM + 34, 'text-anchor': 'end' }, 'probability p of the true class'));
  parts.push(svg('text', { x: LEFT + 8, y: TOP + 8 }, 'surprisal −ln p (nats)'));
  return parts;
}

function render({ model, el }) {
  const curve = [];
  for (let p = 0.001; p <= 1; p += p < 0.1 ? 0.001 : 0.01) curve.push(at(p).join(' '));
  const drop = svg('path', { class: 'ce-drop' });
  const dot = svg('circle', { r: 8, class: 'ce-handle' });
  const drawing = svg(
    'svg',
    { viewBox: '0 0 440 270', role: 'img', 'aria-label': 'The curve of −ln p over p, with a point that you can drag' },
    axes(),
    svg('path', { d: `M${curve.join('L')}L${at(1).join(' ')}`, class: 'ce-curve' }),
    POINTS.map((p) => svg('circle', { cx: at(p)[0], cy: at(p)[1], r: 3.5, class: 'ce-mark' })),
    drop,
    dot,
  );
  const row = slider('p', { min: 0.001, max: 1, step: 0.001, change: (p) => change({ p }) });
  const points = POINTS.map((p) => html('button', { type: 'button', onclick: () => change({ p }) }, String(p)));
  const values = ['nats', 'bits', 'choices'].map((name) => html('div', {}, html('b', {}), html('span', {}, name === 'choices' ? 'equally likely choices' : name)));
  const status = speaker();
  const put = (p) => change({ p: Math.round(1000 * Math.min(1, Math.max(0.001, p))) / 1000 });
  const frame = drag(drawing, {
    label: 'The point on the curve: probability p', min: 0.001,
    move: (x) => put((x - LEFT) / (RIGHT - LEFT)),
    nudge: (right, up) => put(model.get('p') + 0.01 * (right + up)),
  });
  el.append(frame, row, html('div', { className: 'ce-row' }, 'The four models:', points), html('div', { className: 'ce-figures' }, values), status);
  const change = bind(model, ['p'], ({ p }) => {
    const { nats, bits, choices } = compute(p);
    const [x, y] = at(p);
    dot.setAttribute('cx', x);
    dot.setAttribute('cy', y);
    drop.setAttribute('d', `M${LEFT} ${y}H${x}V${BOTTOM}`);
    frame.set(x, y, p, `${digits(p)}, ${digits(nats)} nats`);
    row.set(p);
    [nats, bits, choices].forEach((value, k) => { values[k].firstChild.textContent = digits(value, k === 2 ? 2 : 3); });
    status.say(`At probability ${digits(p)}: ${digits(nats)} nats, ${digits(bits)} bits, as much as a fair choice among ${digits(choices, 2)}.`);
  });
}

export default widget('surprise_meter', render);

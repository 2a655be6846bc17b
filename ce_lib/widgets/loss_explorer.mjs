// Four losses of three logits, with the cat as the true class, and their slopes in its logit.
export function compute({ cat, rivals }) {
  const z = [cat, ...rivals];
  const y = [1, 0, 0];
  const p = softmax(z);
  const wrong = p[1] + p[2]; // 1 − p̂(cat), no digit lost
  const brier = wrong * wrong + p[1] * p[1] + p[2] * p[2];
  const behind = rivals.map((rival) => rival - cat + 1).filter((missing) => missing > 0);
  const q = softmax(p);
  const pull = [-(q[1] + q[2]), q[1], q[2]]; // q − y
  const mean = p.reduce((sum, chance, k) => sum + chance * pull[k], 0);
  return {
    values: [crossEntropy(z, y), brier, behind.reduce((a, b) => a + b, 0), crossEntropy(p, y)],
    slopes: [-wrong, -2 * p[0] * brier, 0 - behind.length, p[0] * (pull[0] - mean)],
  };
}

const NAMES = ['cross-entropy', 'squared error on softmax', 'hinge', 'cross-entropy, softmax twice'];
const COLOURS = ['cat', 'dog', 'bird', 'other'];
const [LEFT, RIGHT, TOP, BOTTOM, REACH, MOST] = [42, 430, 12, 232, 8, 8];
const along = (cat) => LEFT + ((RIGHT - LEFT) * (cat + REACH)) / (2 * REACH);
const up = (loss) => BOTTOM - ((BOTTOM - TOP) * loss) / MOST;

function render({ model, el }) {
  const frame = [svg('path', { d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}`, class: 'ce-axis' })];
  for (const tick of [-8, -4, 0, 4, 8]) frame.push(svg('text', { x: along(tick), y: BOTTOM + 18, 'text-anchor': 'middle' }, digits(tick, 0)));
  for (const tick of [0, 2, 4, 6, 8]) frame.push(svg('text', { x: LEFT - 8, y: up(tick) + 4, 'text-anchor': 'end' }, String(tick)));
  frame.push(svg('text', { x: RIGHT, y: BOTTOM + 34, 'text-anchor': 'end' }, 'logit of the cat (the true class)'));
  const curves = COLOURS.map((colour) => svg('path', { class: `ce-curve ce-line-${colour}` }));
  const dots = COLOURS.map((colour) => svg('circle', { r: 5, class: `ce-${colour}` }));
  const above = COLOURS.map((colour) => svg('path', { class: `ce-${colour}` })); // off the picture: a triangle
  const rule = svg('path', { class: 'ce-rule' });
  const handle = svg('circle', { r: 8, cy: BOTTOM, class: 'ce-handle' });
  const drawing = svg('svg', { viewBox: '0 0 440 270', role: 'img', 'aria-label': 'Four losses against the logit of the true class; drag the dotted line to where you want to read them' }, frame, rule, curves, dots, above, svg('text', { x: RIGHT, y: TOP + 8, 'text-anchor': 'end' }, 'loss'), handle);
  const rows = ['cat', 'dog', 'bird'].map((name, k) => slider(name, {
    min: k ? -4 : -REACH, max: k ? 4 : REACH, step: 0.1, show: (value) => digits(value, 1),
    change: (value) => change(k ? { rivals: model.get('rivals').map((old, j) => (j === k - 1 ? value : old)) } : { cat: value }),
  }));
  const cells = NAMES.map(() => [html('td', {}), html('td', {})]);
  const table = html('table', {}, html('thead', {}, html('tr', {}, html('td', {}), html('th', { scope: 'col' }, 'loss'), html('th', { scope: 'col' }, 'slope'))),
    html('tbody', {}, NAMES.map((name, k) => html('tr', {}, html('th', { scope: 'row', className: `ce-key-${COLOURS[k]}` }, name), cells[k]))));
  const status = speaker();
  const put = (cat) => change({ cat: Math.round(10 * Math.max(-REACH, Math.min(REACH, cat))) / 10 });
  const whole = drag(drawing, {
    label: 'Where the losses are read: logit of the cat', min: -REACH, max: REACH,
    move: (x) => put(((x - LEFT) / (RIGHT - LEFT)) * 2 * REACH - REACH),
    nudge: (right, by) => put(model.get('cat') + 0.1 * (right + by)),
  });
  el.append(whole, html('div', { className: 'ce-grid' }, html('div', {}, rows), table), status);
  const change = bind(model, ['cat', 'rivals'], ({ cat, rivals }) => {
    const { values, slopes } = compute({ cat, rivals });
    curves.forEach((curve, k) => {
      const path = [];
      for (let at = -REACH; at <= REACH; at += 0.1) {
        const loss = compute({ cat: at, rivals }).values[k];
        if (loss <= MOST) path.push(`${along(at).toFixed(1)} ${up(loss).toFixed(1)}`);
      }
      curve.setAttribute('d', `M${path.join('L')}`);
      dots[k].setAttribute('cx', along(cat));
      dots[k].setAttribute('cy', up(Math.min(values[k], MOST)));
      dots[k].setAttribute('visibility', values[k] > MOST ? 'hidden' : 'visible');
      above[k].setAttribute('d', `M${along(cat) - 6} ${TOP + 8}h12l-6-10Z`);
      above[k].setAttribute('visibility', values[k] > MOST ? 'visible' : 'hidden');
      cells[k][0].textContent = digits(values[k]);
      cells[k][1].textContent = digits(slopes[k]);
    });
    rule.setAttribute('d', `M${along(cat)} ${TOP}V${BOTTOM}`);
    handle.setAttribute('cx', along(cat));
    whole.set(along(cat), BOTTOM, cat, `${digits(cat, 1)}, cross-entropy ${digits(values[0])}`);
    [cat, ...rivals].forEach((value, k) => rows[k].set(value));
    status.say(NAMES.map((name, k) => `${name}: ${digits(values[k])}, slope ${digits(slopes[k])}`).join('; '));
  });
}

export default widget('loss_explorer', render);

// The loss of the cat as its score moves from 2 by t, the other scores being 1 and 0.1: to 200 binary
// places, and rounded once to a double. Its slope and higher derivatives are those of the chapter.
const AT = [2, 1, 0.1];
const { PLACES, ONE, big, exp } = fixedPoint(200n);
const OTHERS = exp(big(AT[1])) + exp(big(AT[2]));
function exactLoss(x) { // x in fixed point; ln S − x, by two steps of Halley's for exp(y) = S e^−x
  const sum = OTHERS + exp(x);
  const ratio = (sum * ONE) / exp(x);
  let y = big(Math.log(Number(ratio) / Number(ONE)));
  for (let k = 0; k < 2; k += 1) {
    const power = exp(y);
    y += (2n * (ratio - power) * ONE) / (ratio + power);
  }
  return y;
}
const POINT = big(AT[0]);
const BASE = exactLoss(POINT);
const P = (exp(POINT) * ONE) / (OTHERS + exp(POINT)); // the probability of the cat
const SLOPE = P - ONE;
function nearest(fixed) { // the double nearest to it; Number() rounds a BigInt so, and the division is exact
  return Number(fixed) / Number(ONE);
}

const losses = new Map();
function loss(x) { // exact and rounded, at the double x
  if (!losses.has(x)) {
    const exact = exactLoss(big(x));
    losses.set(x, { exact, rounded: nearest(exact) });
  }
  return losses.get(x);
}

// The two differences and the complex step with h = 2^−power, and their errors.
export function compute({ power }) {
  const [x, h] = [AT[0], 2 ** -power];
  const [above, here, below] = [x + h, x, x - h].map((at) => loss(at).rounded);
  const p = Math.exp(x); // the complex step: the imaginary part of ln S − z, by doubles
  const rest = Math.exp(AT[1]) + Math.exp(AT[2]);
  const slopes = {
    forward: (above - here) / h,
    central: (above - below) / (2 * h),
    complex: (Math.atan2(p * Math.sin(h), p * Math.cos(h) + rest) - h) / h,
  };
  const error = (slope) => Math.abs(nearest(big(slope) - SLOPE));
  return { h, losses: [below, here, above], slopes, errors: Object.fromEntries(Object.entries(slopes).map(([name, slope]) => [name, error(slope)])) };
}

// The loss around the point, at the doubles nearest to so many places of a window: where, the exact
// loss and the rounded one, as they differ from the loss at the point, with the tangent taken off or not.
export function view({ power, flat }) {
  const h = 2 ** -power;
  const found = [];
  for (let k = -26; k <= 26; k += 1) {
    const x = AT[0] + (k / 16) * h;
    const t = x - AT[0];
    if (found.length && found.at(-1).t === t) continue;
    const { exact, rounded } = loss(x);
    const line = BASE + (flat ? (SLOPE * big(t)) >> PLACES : 0n);
    found.push({ t, exact: nearest(exact - line), rounded: nearest(big(rounded) - line) });
  }
  return found;
}

const LAST = 50; // at h = 2^−50, x + h is four doubles from x
const powers = Array.from({ length: LAST + 1 }, (_, k) => k);
const curve = powers.map((power) => compute({ power }));
const EPS = 2 ** -52;
const FLOOR = 1e-18; // what is below is drawn there
const [F2, F3] = [1 / 4, Math.sqrt(3) / 18];
const BOUNDS = { // the chapter's, with F the loss at x − h
  forward: ({ h, losses: [most] }) => (F2 * h) / 2 + (EPS * most) / h,
  central: ({ h, losses: [most] }) => (F3 * h * h) / 6 + (EPS * most) / (2 * h),
};
const KINDS = { forward: 'dog', complex: 'other', central: 'cat' }; // the dots of the last lie in the rings of the others
const tiny = (x) => (x === 0 ? '0' : x >= 0.01 && x < 100 ? digits(x) : x.toExponential(1).replace('e+', 'e').replaceAll('-', '−'));
const [TOP, TALL] = [44, 186];

function render({ model, el }) {
  let width = 640;
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Left, the error of three numeric slopes against the step, on logarithmic axes. Right, the loss near the point, within one and a half steps, with its tangent and the lines whose slopes are the two differences' });
  const text = (x, y, said, more = {}) => svg('text', { x, y, ...more }, said);
  const places = () => {
    const wide = width >= 560;
    const x0 = 46;
    const each = wide ? (width - x0 - 34) / 2 : width - x0;
    return { each, x0, right: wide ? x0 + each + 34 : x0, down: wide ? 0 : TOP + TALL + 52, height: (wide ? 1 : 2) * (TOP + TALL + 40) + (wide ? 0 : 12) };
  };
  const across = (h) => { const { each, x0 } = places(); return x0 + 8 + ((each - 32) * (Math.log10(h) + 15.2)) / 15.2; };
  const put = (power) => change({ power: Math.max(0, Math.min(LAST, Math.round(power))) });
  const knob = grip(drawing, {
    label: 'The step h; the left arrow halves it', min: -LAST, max: 0,
    move: (x) => { const { each, x0 } = places(); put(-((((x - x0 - 8) / (each - 32)) * 15.2 - 15.2) * Math.log2(10))); },
    nudge: (right, up) => put(model.get('power') - right - up),
  });
  const frame = withKnobs(drawing, [knob], (x, y) => (x < places().x0 + places().each + 8 && y < TOP + TALL + 40 ? knob : undefined));
  const dial = slider('step h', { min: -LAST, max: 0, step: 1, show: (value) => `2${[...String(value)].map((digit) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(digit)]).join('')} = ${tiny(2 ** value)}`, change: (value) => put(-value) });
  const kinds = choice('Show', { flat: 'the loss minus its tangent', loss: 'the loss' }, (shown) => change({ shown }));
  const presets = Object.entries({ 'too long': 3, '∛ε': 17, '√ε': 26, 'too short': 40 }).map(([name, power]) => html('button', { type: 'button', onclick: () => put(power) }, name));
  const key = html('p', { className: 'ce-line ce-key' }, 'First drawing: three ways to find a slope; vertical line: the step h', html('span', { className: 'ce-hint' }, ' (drag its dot)'), '. Where the pink rings lie level, only the slope itself is rounded. Second: thin curve: the exact loss; small dots: the loss rounded to a double; large dots: the three losses used; orange and blue lines: forward and central difference.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(frame, key, note, dial, html('div', { className: 'ce-row' }, presets, kinds), status);

  function chart(power) {
    const { each, x0 } = places();
    const bottom = TOP + TALL;
    const up = (error) => bottom - (TALL * (Math.log10(Math.max(error, FLOOR)) + 18)) / 18;
    const parts = [text(2, 14, 'error of the slope'), text(2, 31, 'dots: measured; lines: bounds', { class: 'ce-small' }), svg('path', { d: `M${x0} ${TOP - 6}V${bottom}H${x0 + each}`, class: 'ce-axis' }), text(x0 + each / 2, bottom + 34, 'step h', { 'text-anchor': 'middle', class: 'ce-small' })];
    for (const tick of [0, -6, -12, -18]) parts.push(text(x0 - 5, up(10 ** tick) + 4, `1e${tick}`.replace('-', '−').replace(/^1e0$/, '1'), { 'text-anchor': 'end', class: 'ce-small' }));
    for (const tick of [0, -5, -10, -15]) parts.push(text(across(10 ** tick), bottom + 17, `1e${tick}`.replace('-', '−').replace(/^1e0$/, '1'), { 'text-anchor': 'middle', class: 'ce-small' }));
    for (const [name, colour] of Object.entries(KINDS)) {
      if (BOUNDS[name]) parts.push(svg('path', { d: `M${curve.map((at) => `${across(at.h).toFixed(1)} ${up(BOUNDS[name](at)).toFixed(1)}`).join('L')}`, class: `ce-thin ce-line-${colour}` }));
      curve.forEach((at, k) => parts.push(svg('circle', { cx: across(at.h).toFixed(1), cy: up(at.errors[name]).toFixed(1), ...(k === power ? { r: 6, class: `ce-${colour} ce-ball` } : name === 'central' ? { r: 1.8, class: `ce-${colour}` } : { r: 3, class: `ce-ring ce-line-${colour}` }) })));
    }
    parts.push(
      text(across(1e-2), up(1e-1) - 8, 'forward', { 'text-anchor': 'end', class: 'ce-dog' }),
      text(across(2e-2), up(3e-8), 'central', { class: 'ce-cat', 'text-anchor': 'middle' }),
      text(across(1e-11), up(1e-15) - 4, 'complex step', { class: 'ce-other', 'text-anchor': 'middle' }),
      svg('path', { d: `M${across(2 ** -power)} ${TOP - 6}V${bottom}`, class: 'ce-rule' }),
      svg('circle', { cx: across(2 ** -power), cy: bottom, r: 8, class: 'ce-handle' }),
    );
    return parts;
  }

  function zoom(power, flat, found) {
    const { each, right, down } = places();
    const [top, bottom] = [down + TOP, down + TOP + TALL];
    const { h } = found;
    const samples = view({ power, flat });
    const most = 1.15 * Math.max(...samples.flatMap(({ exact, rounded }) => [Math.abs(exact), Math.abs(rounded)]));
    const x = (t) => right + each / 2 + (each * t) / (3.4 * h);
    const y = (value) => (top + bottom) / 2 - ((TALL / 2) * value) / most;
    const at = (t) => samples.find((each_) => each_.t === t).rounded;
    const secant = (from, to, name) => {
      const slope = (at(to) - at(from)) / (to - from);
      const point = (t) => `${x(t).toFixed(1)} ${y(at(from) + slope * (t - from)).toFixed(1)}`;
      return svg('path', { d: `M${point(-1.6 * h)}L${point(1.6 * h)}`, class: `ce-thin ce-bold ce-line-${KINDS[name]}`, 'clip-path': `url(#${clip})` });
    };
    const half = loss(AT[0]).rounded >= 0.25 ? 2 ** -55 : 2 ** -56; // half the distance of doubles from 0.25 to 0.5
    const band = Math.min(TALL / 2, ((TALL / 2) * half) / most);
    const tangent = flat ? 0 : nearest((SLOPE * big(h)) >> PLACES);
    const dots = samples.map(({ t, rounded }) => svg('circle', { cx: x(t).toFixed(1), cy: y(rounded).toFixed(1), r: [-h, 0, h].includes(t) ? 5 : 2.5, class: [-h, 0, h].includes(t) ? 'ce-handle' : 'ce-dot' }));
    return [
      text(down ? 2 : right, down + 14, flat ? 'the loss minus its tangent' : 'the loss'),
      text(right + each, top - 8, `height of the window ${tiny(2 * most)}`, { 'text-anchor': 'end', class: 'ce-small' }),
      svg('clipPath', { id: clip }, svg('rect', { x: right, y: top, width: each, height: TALL })),
      svg('rect', { x: right, y: top, width: each, height: TALL, class: 'ce-pane' }),
      flat && band > 1 ? svg('rect', { x: right, y: (top + bottom) / 2 - band, width: each, height: 2 * band, class: 'ce-band' }) : [],
      svg('path', { d: `M${x(-1.7 * h)} ${y(-1.7 * tangent)}L${x(1.7 * h)} ${y(1.7 * tangent)}`, class: 'ce-rule', 'clip-path': `url(#${clip})` }),
      svg('path', { d: `M${samples.map(({ t, exact }) => `${x(t).toFixed(1)} ${y(exact).toFixed(1)}`).join('L')}`, class: 'ce-axis' }),
      secant(0, h, 'forward'), secant(-h, h, 'central'), dots,
      ...[[-h, 'x − h'], [0, 'x'], [h, 'x + h']].map(([t, said]) => text(x(t), bottom + 17, said, { 'text-anchor': 'middle', class: 'ce-small' })),
      text(right + each / 2, bottom + 34, flat && band > 1 ? 'dashed: tangent; shaded: rounding' : 'dashed: tangent', { 'text-anchor': 'middle', class: 'ce-small' }),
    ].flat();
  }
  const clip = `ce-zoom-${Math.random().toString(36).slice(2)}`;

  function draw() {
    const [power, flat] = [model.get('power'), model.get('shown') === 'flat'];
    const found = compute({ power });
    const { errors } = found;
    drawing.setAttribute('viewBox', `0 0 ${width} ${places().height}`);
    drawing.replaceChildren(...chart(power), ...zoom(power, flat, found));
    const why = (name) => { // which of the two parts of the bound is the larger
      const bend = name === 'forward' ? (F2 * found.h) / 2 : (F3 * found.h ** 2) / 6;
      return bend > BOUNDS[name](found) / 2 ? 'from the bend' : 'from rounding';
    };
    note.textContent = `${flat ? 'The tilt of a line is its error' : 'Error of the slope'}: forward ${tiny(errors.forward)}, ${why('forward')}; central ${tiny(errors.central)}, ${why('central')}; complex step ${tiny(errors.complex)}.`;
    dial.set(-power);
    kinds.set(model.get('shown'));
    knob.set(across(2 ** -power), TOP + TALL, -power, `${tiny(2 ** -power)}; error of the central difference ${tiny(errors.central)}, of the forward difference ${tiny(errors.forward)}`);
    status.say(`Step ${tiny(found.h)}. ${note.textContent}`);
  }
  const change = bind(model, ['power', 'shown'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  .ce-pane { fill: none; stroke: var(--w-rule); }
  .ce-dot { fill: var(--w-ink); }
  .ce-ring { fill: none; stroke-width: 1.2; }
  @media (max-width: 30rem) { .ce-widget[data-widget="step_microscope"] .ce-note { min-height: 5.8em; } }
  @media (max-width: 22rem) { .ce-widget[data-widget="step_microscope"] .ce-note { min-height: 7.25em; } }
`);

export default widget('step_microscope', render);

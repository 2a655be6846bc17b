// The ziggurat of 256 slices of equal area below exp(-x) (Marsaglia and Tsang 2000), as NumPy has it.
const [LAST, AREA, SCALE] = [7.69711747013104972, 0.0039496598225815571993, 2 ** 53];
const edges = new Float64Array(256).fill(LAST); // of slice k, from the narrowest (1) to the widest (255), then the base (0)
for (let k = 254; k > 0; k -= 1) edges[k] = -Math.log(AREA / edges[k + 1] + Math.exp(-edges[k + 1]));
edges[0] = AREA / Math.exp(-LAST);
const heights = edges.map((x, k) => (k ? Math.exp(-x) : 1));
function exponential(pcg) {
  for (;;) {
    const bits = next(pcg) >> 3n;
    const slice = Number(bits & 255n);
    const x = (Number(bits >> 8n) / SCALE) * edges[slice];
    const inside = slice === 0 ? LAST : slice === 1 ? 0 : edges[slice - 1];
    if (x < inside) return x;
    if (slice === 0) return LAST - Math.log1p(-uniform(pcg));
    if (heights[slice] + (heights[slice - 1] - heights[slice]) * uniform(pcg) < Math.exp(-x)) return x;
  }
}

// The chapter's photographs, drawn by the same generator: the logarithms of the true chances, and the classes.
let drawn = { from: '' };
function photographs(start, count) {
  if (drawn.from === `${start} ${count}`) return drawn;
  const pcg = { state: BigInt(start[0]), step: BigInt(start[1]) };
  const logs = new Float64Array(3 * count);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) {
    const e = [exponential(pcg), exponential(pcg), exponential(pcg)];
    const sum = e[0] + e[1] + e[2];
    for (let k = 0; k < 3; k += 1) logs[3 * i + k] = Math.log(e[k] / sum);
  }
  for (let i = 0; i < count; i += 1) {
    const at = uniform(pcg);
    const cat = Math.exp(logs[3 * i]);
    labels[i] = (at > cat) + (at > cat + Math.exp(logs[3 * i + 1]));
  }
  drawn = { from: `${start} ${count}`, logs, labels };
  return drawn;
}

// All of them sharpened: the penalty of each, sorted, and the means.
export function compute({ alpha, penalty, start, count }) {
  const { logs, labels } = photographs(start, count);
  const each = new Float64Array(count);
  let [right, largest, truth] = [0, 0, 0];
  const p = [0, 0, 0];
  for (let i = 0; i < count; i += 1) {
    const z = [alpha * logs[3 * i], alpha * logs[3 * i + 1], alpha * logs[3 * i + 2]];
    const m = Math.max(z[0], z[1], z[2]);
    for (let k = 0; k < 3; k += 1) p[k] = Math.exp(z[k] - m);
    const sum = p[0] + p[1] + p[2];
    const c = labels[i];
    const [a, b] = [(c + 1) % 3, (c + 2) % 3];
    const others = (p[a] + p[b]) / sum;
    if (penalty === 'log') each[i] = m - z[c] + Math.log(sum);
    else each[i] = penalty === 'Brier' ? others ** 2 + (p[a] / sum) ** 2 + (p[b] / sum) ** 2 : others;
    right += logs[3 * i + c] >= Math.max(logs[3 * i + a], logs[3 * i + b]);
    largest += 1 / sum;
    truth += p[c] / sum;
  }
  const mean = each.reduce((total, value) => total + value, 0) / count;
  return { accuracy: right / count, largest: largest / count, truth: truth / count, mean, sorted: each.sort() };
}

const PENALTIES = { log: { most: 1.8, top: 8, unit: ' nats' }, Brier: { most: 0.8, top: 2, unit: '' }, absolute: { most: 0.8, top: 1, unit: '' } };
const [TOP, TALL, MOST, STEP] = [40, 150, 5, 0.05];
const grid = Array.from({ length: MOST / STEP + 1 }, (_, k) => Math.round(100 * k * STEP) / 100);

function render({ model, el }) {
  const fixed = { start: model.get('start'), count: model.get('count') };
  const valleys = {}; // the mean penalty at each α of the dial, found once
  const valley = (penalty) => (valleys[penalty] ??= grid.map((alpha) => compute({ alpha, penalty, ...fixed }).mean));
  const plain = {};
  let width = 640;
  const drawing = svg('svg', { role: 'img', 'aria-label': 'The mean penalty against the boldness α, and the penalties of all photographs, sorted' });
  const places = () => {
    const wide = width >= 520;
    const each = wide ? (width - 34 - 56) / 2 : width - 44;
    return { each, height: wide ? TOP + TALL + 44 : 2 * (TOP + TALL + 44) + 6, left: [34, wide ? 34 + each + 50 : 34], down: [0, wide ? 0 : TOP + TALL + 50] };
  };
  const put = (alpha) => change({ alpha: Math.round(100 * Math.min(MOST, Math.max(0, Math.round(alpha / STEP) * STEP))) / 100 });
  const knob = grip(drawing, {
    label: 'boldness α, on the curve of the mean penalty', max: MOST,
    move: (x) => put(((x - places().left[0]) / places().each) * MOST),
    nudge: (right, up) => put(model.get('alpha') + STEP * (right + up)),
  });
  const dial = slider('boldness α', { min: 0, max: MOST, step: STEP, show: (value) => digits(value, 2), change: put });
  const kinds = choice('penalty', { log: 'log', Brier: 'Brier', absolute: 'absolute' }, (penalty) => change({ penalty }));
  const known = Object.entries({ 'plain, α = 1': 1, 'bold, α = 3': 3 }).map(([name, alpha]) => html('button', { type: 'button', onclick: () => put(alpha) }, name));
  const names = ['accuracy', 'mean p of its top class', 'mean p of the truth', 'mean penalty'];
  const values = names.map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const key = html('p', { className: 'ce-line ce-key' }, 'α: the chances p of the plain model become p^α, rescaled to the sum 1. Dashed: plain, α = 1. First drawing: the mean at every α; second: all photographs at this α.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  const frame = withKnobs(drawing, [knob], (x, y) => (x < places().left[0] + places().each + 12 && y < TOP + TALL + 20 ? knob : undefined));
  el.append(frame, key, dial, html('div', { className: 'ce-row' }, kinds, known), html('div', { className: 'ce-figures' }, values), note, status);

  function axes(x0, y0, across, most, title, below, ticks) {
    const bottom = y0 + TOP + TALL;
    const parts = [svg('path', { d: `M${x0} ${y0 + TOP}V${bottom}H${x0 + across}`, class: 'ce-axis' })];
    parts.push(svg('text', { x: x0 - 28, y: y0 + 16 }, title));
    for (const tick of [0, most / 2, most]) parts.push(svg('text', { x: x0 - 6, y: bottom - (TALL * tick) / most + 4, 'text-anchor': 'end', class: 'ce-small' }, String(tick)));
    ticks.forEach(([at, text], k) => parts.push(svg('text', { x: x0 + across * at, y: bottom + 17, 'text-anchor': 'middle', class: 'ce-small' }, text)));
    parts.push(svg('text', { x: x0 + across / 2, y: bottom + 34, 'text-anchor': 'middle', class: 'ce-small' }, below));
    return parts;
  }

  function draw() {
    const [alpha, penalty] = [model.get('alpha'), model.get('penalty')];
    const { most, top, unit } = PENALTIES[penalty];
    const found = compute({ alpha, penalty, ...fixed });
    const curve = valley(penalty);
    const { each, height, left, down } = places();
    drawing.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const bottoms = down.map((y) => y + TOP + TALL);
    const x = (value) => left[0] + (each * value) / MOST;
    const y = (value) => bottoms[0] - (TALL * value) / most;
    const sorted = (list) => Array.from({ length: 101 }, (_, k) => {
      const value = list[Math.min(list.length - 1, Math.round((k / 100) * (list.length - 1)))];
      return `${(left[1] + (each * k) / 100).toFixed(1)} ${(bottoms[1] - TALL * Math.min(1, value / top)).toFixed(1)}`;
    }).join('L');
    plain[penalty] ??= compute({ alpha: 1, penalty, ...fixed }).sorted;
    const area = sorted(found.sorted);
    drawing.replaceChildren(
      ...axes(left[0], down[0], each, most, `mean ${penalty} penalty${unit && ' (nats)'}`, 'boldness α', [0, 1, 2, 3, 4, 5].map((tick) => [tick / MOST, String(tick)])),
      svg('path', { d: `M${x(1)} ${TOP}V${bottoms[0]}`, class: 'ce-rule' }),
      svg('text', { x: x(1) + 5, y: TOP + 10, class: 'ce-small' }, 'plain'),
      svg('path', { d: `M${curve.map((value, k) => `${x(grid[k]).toFixed(1)} ${y(value).toFixed(1)}`).join('L')}`, class: 'ce-curve' }),
      svg('circle', { cx: x(alpha), cy: y(found.mean), r: 8, class: 'ce-handle' }),
      ...axes(left[1], down[1], each, top, `penalty of each photograph${unit && ' (nats)'}`, 'share of the photographs, sorted', [[0, '0'], [0.5, '½'], [1, '1']]),
      svg('path', { d: `M${left[1]} ${bottoms[1]}L${area}V${bottoms[1]}Z`, class: 'ce-band' }),
      svg('path', { d: `M${sorted(plain[penalty])}`, class: 'ce-rule' }),
      svg('path', { d: `M${area}`, class: 'ce-curve' }),
      ...(found.sorted.at(-1) > top ? [svg('text', { x: left[1] + each, y: down[1] + TOP - 6, 'text-anchor': 'end', class: 'ce-small' }, `cut at ${top}; the highest is ${digits(found.sorted.at(-1), 1)}`)] : []),
    );
    const best = grid[curve.indexOf(Math.min(...curve))];
    const numbers = [found.accuracy, found.largest, found.truth, found.mean];
    numbers.forEach((value, k) => { values[k].firstChild.textContent = k || alpha ? digits(value) : 'a tie'; }); // of all classes
    const end = best === MOST ? ', the end of the dial' : '';
    note.textContent = alpha === best
      ? `Lowest here: of all α on the dial, the ${penalty} penalty wants ${digits(best, 2)}${end}.`
      : `The ${penalty} penalty is ${digits(found.mean)}${unit}. Find the α that it wants: the one where it is lowest.`;
    dial.set(alpha);
    kinds.set(penalty);
    knob.set(x(alpha), y(found.mean), alpha, `${digits(alpha, 2)}, mean penalty ${digits(found.mean)}`);
    status.say(`At boldness ${digits(alpha, 2)}: accuracy ${values[0].firstChild.textContent}, mean probability of the truth ${digits(found.truth)}, mean ${penalty} penalty ${digits(found.mean)}.${alpha === best ? ` ${note.textContent}` : ''}`);
  }
  const change = bind(model, ['alpha', 'penalty'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

export default widget('boldness_dial', render);

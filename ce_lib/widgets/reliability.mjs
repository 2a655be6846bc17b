// The chapter's photographs: three scores in [0, 8), and a label drawn from their softmax.
let sample = {};
function photographs(start, count) {
  const from = `${start} ${count}`;
  if (sample.from === from) return sample;
  const pcg = { state: BigInt(start[0]), step: BigInt(start[1]) };
  const scores = Array.from({ length: count }, () => [0, 0, 0].map(() => 8 * uniform(pcg)));
  const chances = scores.map(softmax);
  const labels = chances.map(([cat, dog]) => {
    const at = uniform(pcg);
    return (at > cat) + (at > cat + dog);
  });
  const best = scores.map((z) => z.indexOf(Math.max(...z)));
  sample = { from, scores, chances, labels, best, curves: {} };
  return sample;
}

// The forecasts at a temperature, in bins; the errors and the loss.
export function compute({ temperature, bins, count, starts, seed }) {
  const { scores, chances, labels, best } = photographs(starts[seed], count);
  const [counts, beliefs, rights, squares] = Array.from({ length: 4 }, () => new Float64Array(bins));
  let [loss, gap] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    const z = scores[i];
    const top = z[best[i]];
    const rest = z.reduce((sum, value, k) => (k === best[i] ? sum : sum + Math.exp((value - top) / temperature)), 0);
    const belief = 1 / (1 + rest);
    const right = Number(labels[i] === best[i]);
    loss += Math.log1p(rest) + (top - z[labels[i]]) / temperature;
    gap += Math.abs(belief - chances[i][best[i]]);
    let b = Math.min(bins - 1, Math.max(0, Math.ceil(belief * bins) - 1));
    if (b > 0 && belief <= b / bins) b -= 1; // a bin holds its upper end, as it is rounded
    else if (b < bins - 1 && belief > (b + 1) / bins) b += 1;
    counts[b] += 1;
    beliefs[b] += belief;
    rights[b] += right;
    squares[b] += (belief - right) ** 2;
  }
  let [ece, square] = [0, 0];
  counts.forEach((n, b) => {
    const total = beliefs[b] - rights[b];
    ece += Math.abs(total);
    if (n > 1) square += (total ** 2 - squares[b]) / (n - 1);
  });
  const mean = (sums) => [...sums].map((sum, b) => (counts[b] ? sum / counts[b] : null));
  return { counts: [...counts], belief: mean(beliefs), right: mean(rights), ece: ece / count, square: square / count, gap: gap / count, loss: loss / count };
}

const [TOP, TALL, MOST, LEAST] = [26, 190, 15, 0.3]; // the slider's steps on each side of T = 1; the least belief drawn
const COUNTS = [100, 200, 300, 500, 1000, 2000, 3000];
const at = (step) => 2 ** (step / 10);
const stepOf = (temperature) => Math.min(MOST, Math.max(-MOST, Math.round(10 * Math.log2(temperature))));

function render({ model, el }) {
  let width = 640;
  const first = Object.fromEntries(['temperature', 'bins', 'count', 'seed'].map((name) => [name, model.get(name)]));
  const state = () => Object.fromEntries(['temperature', 'bins', 'count', 'seed', 'starts'].map((name) => [name, model.get(name)]));
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Left, the share right against the mean belief, a dot for each bin; right, the ECE and the true error against the temperature' });
  const heat = slider('temperature T', { min: -MOST, max: MOST, step: 1, change: (step) => change({ temperature: Number(at(step).toFixed(6)) }) });
  const width_ = slider('bins', { min: 1, max: 50, step: 1, change: (bins) => change({ bins }) });
  const many = slider('photographs', { min: 0, max: COUNTS.length - 1, step: 1, change: (k) => change({ count: COUNTS[k] }) });
  const button = (text, act) => html('button', { type: 'button', onclick: act }, text);
  const buttons = html('div', { className: 'ce-row' }, button('Other photographs', () => change({ seed: (model.get('seed') + 1) % model.get('starts').length })), button('Start again', () => change(first)));
  const values = ['ECE, expected calibration error', 'true error', 'mean squared gap, unbiased', 'loss (nats)'].map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const key = html('p', { className: 'ce-line ce-key' }, 'First drawing: a dot and a pale bar for each bin, the dot larger the more photographs it holds; dashed: share right = belief. Gap: from a dot to that line; the ECE is its mean size. The unbiased mean of its square is 0 on average where nothing is wrong. Second: ECE and true error at each T; dashed: T = 1, the true chances, which only a simulation knows.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(drawing, key, heat, width_, many, buttons, html('div', { className: 'ce-figures' }, values), note, status);

  function curves(now) {
    const { curves: kept } = photographs(now.starts[now.seed], now.count);
    kept[now.bins] ??= Array.from({ length: 2 * MOST + 1 }, (_, k) => compute({ ...now, temperature: at(k - MOST) }));
    return kept[now.bins];
  }

  function draw() {
    const now = state();
    const found = compute(now);
    const line = curves(now);
    const wide = width >= 520;
    const each = wide ? (width - 36 - 50 - 12) / 2 : width - 36 - 12;
    const left = [36, wide ? 36 + each + 50 : 36];
    const bottom = [TOP + TALL, wide ? TOP + TALL : 2 * (TOP + TALL) + 54];
    const x = (belief) => left[0] + (each * (belief - LEAST)) / (1 - LEAST);
    const y = (share) => bottom[0] - TALL * share;
    const u = (temperature) => left[1] + each * (0.5 + Math.log2(temperature) / (0.2 * MOST));
    const highest = 0.25;
    const v = (error) => bottom[1] - (TALL * Math.min(error, highest)) / highest;
    const text = (px, py, said, more) => svg('text', { x: px, y: py, 'text-anchor': 'middle', class: 'ce-small', ...more }, said);
    const title = (side, said) => text(left[side] - 34, bottom[side] - TALL - 10, said, { 'text-anchor': 'start', class: '' });
    const path = (key) => line.map((point, k) => `${u(at(k - MOST)).toFixed(1)} ${v(point[key]).toFixed(1)}`).join('L');
    const bars = found.counts.flatMap((n, b) => {
      if (!n) return [];
      const [from, to] = [Math.max(LEAST, b / now.bins), (b + 1) / now.bins];
      return [svg('rect', { x: x(from), y: y(found.right[b]), width: Math.max(1, x(to) - x(from) - 1), height: TALL * found.right[b], class: 'ce-band' })];
    });
    const dots = found.counts.flatMap((n, b) => (n ? [svg('circle', { cx: x(found.belief[b]), cy: y(found.right[b]), r: 2.5 + 6 * Math.sqrt(n / now.count), class: 'ce-cat ce-ball' })] : []));
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom[1] + 40}`);
    drawing.replaceChildren(
      ...bars,
      svg('path', { d: `M${left[0]} ${bottom[0] - TALL}V${bottom[0]}H${left[0] + each}`, class: 'ce-axis' }),
      svg('path', { d: `M${x(LEAST)} ${y(LEAST)}L${x(1)} ${y(1)}`, class: 'ce-rule' }),
      ...dots, title(0, 'share right'), text(left[0] + each / 2, bottom[0] + 34, 'mean belief of the bin'),
      ...[0, 0.5, 1].map((tick) => text(left[0] - 6, y(tick) + 4, String(tick), { 'text-anchor': 'end' })),
      ...[0.4, 0.6, 0.8, 1].map((tick) => text(x(tick), bottom[0] + 17, String(tick))),
      svg('path', { d: `M${left[1]} ${bottom[1] - TALL}V${bottom[1]}H${left[1] + each}`, class: 'ce-axis' }),
      svg('path', { d: `M${u(1)} ${bottom[1] - TALL}V${bottom[1]}`, class: 'ce-rule' }),
      svg('path', { d: `M${path('gap')}`, class: 'ce-trail' }), svg('path', { d: `M${path('ece')}`, class: 'ce-curve' }),
      svg('circle', { cx: u(now.temperature), cy: v(found.gap), r: 5, class: 'ce-dog' }), svg('circle', { cx: u(now.temperature), cy: v(found.ece), r: 5, class: 'ce-cat' }),
      title(1, 'error'), text(left[1] + each / 2, bottom[1] + 34, 'temperature T'),
      text(left[1] + each, bottom[1] - TALL - 10, 'ECE', { class: 'ce-cat', 'text-anchor': 'end' }), text(left[1] + each - 36, bottom[1] - TALL - 10, 'true error', { class: 'ce-dog', 'text-anchor': 'end' }),
      ...[0, 0.1, 0.2].map((tick) => text(left[1] - 6, v(tick) + 4, String(tick), { 'text-anchor': 'end' })),
      ...[[0.5, '½'], [1, '1'], [2, '2']].map(([tick, said]) => text(u(tick), bottom[1] + 17, said)),
    );
    const lowest = (key) => digits(at(line.map((point) => point[key]).reduce((low, value, k, all) => (value < all[low] ? k : low), 0) - MOST), 2);
    note.textContent = `The loss is lowest at T = ${lowest('loss')}, the ECE at ${lowest('ece')}; the right T is 1.`;
    [found.ece, found.gap, found.square, found.loss].forEach((value, k) => { values[k].firstChild.textContent = value.toFixed(k === 2 ? 4 : 3).replace('-', '−'); });
    heat.set(stepOf(now.temperature), digits(now.temperature, 2));
    width_.set(now.bins, String(now.bins));
    many.set(COUNTS.findLastIndex((n) => n <= now.count), String(now.count));
    status.say(`T ${digits(now.temperature, 2)}, ${now.bins} bins, ${now.count} photographs: ECE ${digits(found.ece)}, true error ${digits(found.gap)}, loss ${digits(found.loss)}. ${note.textContent}`);
  }
  const change = bind(model, ['temperature', 'bins', 'count', 'seed'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="reliability"] .ce-note { min-height: 1.45em; }
  [data-widget="reliability"] .ce-figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.4rem 0.8rem; }
  @media (max-width: 30rem) { [data-widget="reliability"] .ce-figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
`);

export default widget('reliability', render);

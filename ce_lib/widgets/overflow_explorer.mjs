// Every operation is rounded to the format, in the order in which the formula is written.
export function compute({ logits, added, format, label }) {
  const r = FORMATS[format];
  const add = (terms) => terms.reduce((sum, term) => r(sum + term));
  const z = logits.map((value) => r(r(value) + r(added)));
  const e = z.map((value) => r(Math.exp(value)));
  const total = add(e);
  const naive = e.map((value) => r(value / total));
  const naiveLoss = r(-r(Math.log(naive[label])));
  const m = Math.max(...z);
  const shifted = z.map((value) => r(value - m));
  const es = shifted.map((value) => r(Math.exp(value)));
  const sum = add(es);
  const stable = es.map((value) => r(value / sum));
  const loss = r(r(Math.log(sum)) - shifted[label]);
  const others = z.filter((_, k) => k !== label).map((value) => r(value - z[label]));
  const behind = Math.max(0, ...others);
  const rest = add(others.map((value) => r(Math.exp(r(value - behind)))));
  const accurate = behind ? r(behind + r(Math.log(r(rest + r(Math.exp(-behind)))))) : r(Math.log1p(rest));
  return { z, e, total, naive, naiveLoss, m, shifted, es, sum, stable, loss, accurate };
}

// The true loss and the true sum for logits as the format stores them, in 1400 binary places.
const { PLACES, ONE, big, exp } = fixedPoint(1400n);
export function truth({ z, label }) {
  const exact = z.map(big);
  const sum = exact.reduce((all, value) => all + exp(value - exact[label]), 0n);
  let loss = big(crossEntropy(z, z.map((_, k) => Number(k === label))));
  for (let k = 0; k < 2; k += 1) { // Halley's steps for exp(loss) = sum, each with three times the digits
    const power = exp(loss);
    loss += (2n * (sum - power) * ONE) / (sum + power);
  }
  const top = exact[z.indexOf(Math.max(...z))];
  return { loss, sum: exact.reduce((all, value) => all + exp(value - top), 0n) };
}

// Seventeen digits and an exponent of 10: of a number with 1400 binary places, or of a float.
function decimal(loss) {
  const bits = loss.toString(2).length - Number(PLACES);
  for (let power = Math.floor(bits * Math.log10(2)) + 1; ; power -= 1) {
    const scale = 10n ** BigInt(Math.abs(16 - power));
    const all = power <= 16 ? loss * scale : loss / scale;
    const found = String((all + (ONE >> 1n)) >> PLACES);
    if (found.length >= 17 || loss === 0n) return [found.slice(0, 17), power];
  }
}
function seventeen(x) {
  const [mantissa, power] = x.toExponential(16).split('e');
  return [mantissa.replace('.', ''), Number(power)];
}

// What each program prints, how many of its digits are true, and the text of both parts.
export function judged(state) {
  const found = compute(state);
  const exact = truth({ z: found.z, label: state.label });
  const right = decimal(exact.loss);
  const write = ([all, power], count) => {
    const plain = power < 0 && power >= -3 ? `0.${'0'.repeat(-power - 1)}` : '';
    const whole = power >= 0 && power < 16 ? power + 1 : 1;
    const point = (part, from) => [...part].map((digit, k) => (k + from === whole && !plain ? `.${digit}` : digit)).join('');
    return [(count ? plain : '') + point(all.slice(0, count), 0), (count ? '' : plain) + point(all.slice(count), count), plain || (power >= 0 && power < 16) ? '' : `e${power}`.replace('-', '−')];
  };
  const rows = ['naiveLoss', 'loss', 'accurate'].map((key) => {
    const value = found[key];
    if (!Number.isFinite(value) || value === 0) return { value, count: 0, parts: ['', Number.isFinite(value) ? '0' : digits(value), ''] };
    const own = seventeen(value);
    let count = 0;
    if (own[1] === right[1]) while (count < 17 && own[0][count] === right[0][count]) count += 1;
    return { value, count, parts: write(own, count) };
  });
  return { found, exact: exact.loss, sum: exact.sum, rows: [{ count: 17, parts: write(right, 17) }, ...rows] };
}

export const printed = (state) => judged(state).rows;

// Why a program fails, or keeps more digits than another.
function verdict({ z, m, e, total, naive, naiveLoss, loss }, label, [plain, shifted, safe]) {
  const why = e.some((value) => !Number.isFinite(value)) ? 'an exponential overflows to inf'
    : !Number.isFinite(total) ? 'no exponential overflows, but their sum does'
      : total === 0 ? 'all exponentials underflow to 0'
        : naive[label] === 0 ? 'the probability of the true class underflows to 0' : '';
  if (!Number.isFinite(naiveLoss)) return `Naive fails: ${why}. The other two take the maximum off first, so no exponential is above 1.`;
  if (loss === 0 && safe) return `Max_shifted prints 0${naiveLoss === 0 ? ', like naive' : ''}: its sum is rounded to 1. The log1p form never adds that 1.`;
  if (plain > Math.max(shifted, safe)) return 'Naive keeps more digits here: it needs no z − max, which is rounded. But it fails where an exponential leaves the format.';
  if (safe > shifted && m === z[label]) return 'The log1p form keeps more digits: it never adds small terms to 1.';
  return plain < Math.max(shifted, safe) ? 'Naive has fewer true digits here, but none of its exponentials leaves the format.' : 'No exponential leaves the format here, so naive works too.';
}

const REACH = { float16: 20, float32: 120, float64: 800 };
const BITS = { float16: [10, 14, 25, 65504, '⁻¹⁰'], float32: [23, 126, 150, 2 ** 127 * (2 - 2 ** -23), '⁻²³'], float64: [52, 1022, 1075, Number.MAX_VALUE, '⁻⁵²'] };
const PROGRAMS = ['exact', 'naive', 'max_shifted', 'log1p form'];

function render({ model, el }) {
  const formats = choice('Format', Object.fromEntries(Object.keys(REACH).map((name) => [name, name])), (format) => {
    change({ format, added: Math.max(-REACH[format], Math.min(REACH[format], model.get('added'))) });
  });
  const lead = slider(`lead of the ${CLASSES[model.get('label')]} (true)`, { min: -20, max: 60, step: 0.5, show: (value) => digits(value, 1), change: (value) => {
    const label = model.get('label');
    const best = Math.max(...model.get('logits').filter((_, k) => k !== label));
    change({ logits: model.get('logits').map((old, k) => (k === label ? best + value : old)) });
  } });
  const row = slider('add to all logits', { min: -20, max: 20, step: 0.5, show: (value) => digits(value, 1), change: (added) => change({ added }) });
  const losses = PROGRAMS.map(() => [html('td', { className: 'ce-digits' }), html('td', {})]);
  const printed = html('table', {}, html('thead', {}, html('tr', {}, html('td', {}), html('th', { scope: 'col' }, 'loss, false digits underlined'), html('th', { scope: 'col' }, 'true digits'))),
    html('tbody', {}, PROGRAMS.map((name, k) => html('tr', {}, html('th', { scope: 'row' }, name), losses[k]))));
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Above, the floats around the sum of the exponentials: the exact sum and the float that stands for it. Below, the logits whose exponential is a float, and the three logits' });
  const text = (x, y, said, more) => svg('text', { x, y, 'text-anchor': 'middle', ...more }, said);
  let width = 640;
  function picture({ found, sum: exact, format }) {
    const line = width < 400 ? 60 : 44; // below a line more
    const [band, middle] = [line + 68, width / 2];
    // the floats around the sum that the program stored, and the exact one
    const [fraction, tiny, nothing, largest] = BITS[format];
    const unit = 2 ** (Math.floor(Math.log2(found.sum)) - fraction);
    const off = Number(((exact - big(found.sum)) << 60n) / big(unit)) / 2 ** 60;
    const below = Number.isInteger(Math.log2(found.sum)) ? 0.5 : 1; // below 1 or 2 the floats are twice as dense
    const x = (steps) => middle + Math.min(90, (width - 24) / 6.6) * steps;
    const ticks = [-3, -2, -1, 0, 1, 2, 3].map((k) => svg('path', { d: `M${x(k < 0 ? k * below : k)} ${line - 8}v16`, class: 'ce-axis' }));
    const over = Math.round((found.sum - 1) * 2 ** fraction);
    // where exp gives 0, fewer digits, a float, infinity
    const [zero, less, high] = [-nothing * Math.LN2, -tiny * Math.LN2, Math.log(largest)];
    const [left, right] = [Math.max(50, 0.14 * width), width - Math.max(54, 0.14 * width)];
    const across = (z) => Math.max(8, Math.min(width - 8, left + ((right - left) * (z - zero)) / (high - zero)));
    const part = (from, to, name) => svg('rect', { x: across(from), y: band, width: across(to) - across(from), height: 12, class: name, 'fill-opacity': 0.35 });
    const spacing = `spacing ${digits(unit)}`;
    drawing.setAttribute('viewBox', `0 0 ${width} ${band + 36}`);
    drawing.replaceChildren(
      text(0, 14, `${format}s near Σ exp(z − max)`, { 'text-anchor': 'start' }), width < 400 ? text(0, 31, spacing, { 'text-anchor': 'start' }) : text(width, 14, spacing, { 'text-anchor': 'end' }),
      svg('path', { d: `M0 ${line}H${width}`, class: 'ce-axis' }), ...ticks,
      svg('path', { d: `M${x(off)} ${line - 22}L${middle} ${line - 10}`, class: 'ce-axis' }), svg('path', { d: `M${middle} ${line - 12}v24`, class: 'ce-axis ce-bold' }),
      svg('circle', { r: 6, cx: x(off), cy: line - 22, class: 'ce-other' }), text(x(off) + 11, line - 18, 'exact sum', { 'text-anchor': 'start', class: 'ce-small' }),
      text(middle, line + 30, `stored: 1${over ? ` + ${over} × 2${BITS[format][4]}` : ''}`, { class: width < 400 ? 'ce-small' : '' }),
      text(0, band - 12, width < 400 ? 'Dots: z. exp: 0, subnormal, float, inf' : 'Dots: the logits. exp(z) is 0, subnormal (grey), a float (blue), inf', { 'text-anchor': 'start' }), svg('path', { d: `M0 ${band + 6}H${width}`, class: 'ce-rule' }),
      part(less, high, 'ce-whole'), part(zero, less, 'ce-few'),
      ...[zero, high].map((end) => text(across(end), band + 30, digits(end, 2))),
      ...found.z.map((z, k) => svg('circle', { r: 5, cx: across(z), cy: band - 1 + 7 * k, class: `ce-${CLASSES[k]} ce-ball` })),
      text(0, band + 30, '0', { 'text-anchor': 'start', class: 'ce-small' }), text(width, band + 30, 'inf', { 'text-anchor': 'end', class: 'ce-small' }),
    );
  }
  const lines = [['z', 'z'], ['exp(z)', 'e'], ['naive p̂', 'naive'], ['z − max', 'shifted'], ['exp(z − max)', 'es'], ['p̂', 'stable']];
  const cells = {};
  const body = html('tbody', {}, lines.map(([text, key]) => {
    cells[key] = CLASSES.map(() => html('td', {}));
    return html('tr', {}, html('th', { scope: 'row' }, text), cells[key]);
  }));
  const head = html('thead', {}, html('tr', {}, html('td', {}), CLASSES.map((name) => html('th', { scope: 'col', className: `ce-key-${name}` }, name))));
  const box = html('div', { className: 'ce-scroll', tabIndex: 0, role: 'group', ariaLabel: 'Every step of both computations' }, html('table', {}, head, body));
  const key = html('p', { className: 'ce-line ce-key' }, 'Exact: the loss of the logits as the format stores them, z in the table; so it differs from format to format.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(formats, lead, row, drawing, html('div', { className: 'ce-grid' }, printed, box), key, note, status);
  const draw = (state) => {
    const { found, sum: exact, rows } = judged(state);
    const reach = REACH[state.format];
    Object.assign(row.input, { min: -reach, max: reach });
    formats.set(state.format);
    row.set(state.added);
    lead.firstChild.textContent = `lead of the ${CLASSES[state.label]} (true)`;
    lead.set(state.logits[state.label] - Math.max(...state.logits.filter((_, k) => k !== state.label)));
    rows.forEach(({ count, parts: [right, wrong, power] }, k) => {
      losses[k][0].replaceChildren(html('b', {}, right), html('span', { className: 'ce-false' }, wrong), count ? html('b', {}, power) : html('span', { className: 'ce-false' }, power));
      losses[k][1].textContent = k ? String(count) : '';
    });
    picture({ found, sum: exact, format: state.format });
    for (const [key, places] of Object.entries(cells)) {
      found[key].forEach((value, k) => {
        places[k].textContent = digits(value);
        places[k].className = !Number.isFinite(value) || (value === 0 && ['e', 'naive'].includes(key)) ? 'ce-lost' : '';
      });
    }
    note.textContent = verdict(found, state.label, rows.slice(1).map(({ count }) => count));
    const said = rows.slice(1).map(({ value, count }, k) => `${PROGRAMS[k + 1]} ${digits(value)} with ${count} true digits`);
    status.say(`${state.format}, lead ${lead.input.value}, ${digits(state.added, 1)} added: exact loss ${rows[0].parts.join('')}; ${said.join('; ')}. ${note.textContent}`);
  };
  const names = ['logits', 'added', 'format', 'label'];
  const change = bind(model, names, draw);
  fit(drawing, (wanted) => {
    width = wanted;
    draw(Object.fromEntries(names.map((name) => [name, model.get(name)])));
  });
}

dress(`
  .ce-whole { fill: var(--w-accent); }
  .ce-few { fill: var(--w-quiet); }
`);

export default widget('overflow_explorer', render);

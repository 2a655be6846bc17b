const LETTERS = 'abcdefghijklmnopqrstuvwxyz ';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const [LENGTH, MOST] = [80, 60]; // letters that are drawn, and letters of the reader's own
const WAYS = ['plain', 'top-k', 'top-p', 'min-p'];
const networks = new Map(); // read once

// The weights: two characters for each, 12 bits, in steps of 1/256 from −8.
function network(weights, sizes) {
  if (networks.has(weights)) return networks.get(weights);
  const value = new Map([...BASE64].map((sign, k) => [sign, k]));
  let at = 0;
  const take = (count) => Float64Array.from({ length: count }, () => {
    at += 2;
    return (64 * value.get(weights[at - 2]) + value.get(weights[at - 1]) - 2048) / 256;
  });
  const [context, width, units] = sizes;
  const [E, W1, b1, W2, b2] = [27 * width, units * context * width, units, 27 * units, 27].map(take);
  const scores = (letters) => {
    const u = Array.from(b1, (sum, i) => {
      let [total, w] = [sum, i * context * width];
      for (const letter of letters) for (let j = 0; j < width; j += 1, w += 1) total += E[letter * width + j] * W1[w];
      return Math.tanh(total);
    });
    return Array.from(b2, (sum, k) => u.reduce((total, value_, i) => total + value_ * W2[k * units + i], sum));
  };
  networks.set(weights, scores);
  return scores;
}

// Small letters and single spaces.
const clean = (prompt) => prompt.toLowerCase().replace(/[^a-z]+/g, ' ').slice(0, MOST);

// Which of the letters each way keeps, of scores that the temperature has divided.
function keep(z, { k, p, least }) {
  const probs = softmax(z);
  const order = z.map((_, i) => i).sort((a, b) => z[b] - z[a] || a - b);
  const nucleus = new Array(z.length).fill(false);
  let before = 0;
  for (const i of order) {
    nucleus[i] = p === 1 || before < p;
    before += probs[i];
  }
  const [top, bound] = [z[order[0]], z[order[k - 1]]];
  return [z.map(() => true), z.map((score) => score >= bound), nucleus, z.map((score) => score - top >= Math.log(least))];
}

// The next letter's probabilities, what each way keeps of them, and what each way writes.
export function compute({ weights, sizes, prompt, temperature, k, p, least, start, round }) {
  const scores = network(weights, sizes);
  const begun = [...clean(prompt)].map((letter) => LETTERS.indexOf(letter));
  const context = [...new Array(sizes[0]).fill(26), ...begun].slice(-sizes[0]);
  const cooled = (letters) => scores(letters).map((score) => score / temperature);
  const first = cooled(context);
  const pcg = { state: BigInt(start[0]), step: BigInt(start[1]) };
  for (let skipped = 0; skipped < round * LENGTH; skipped += 1) next(pcg);
  const draws = Array.from({ length: LENGTH }, () => uniform(pcg));
  const texts = WAYS.map((_, way) => {
    const letters = [...context];
    return draws.map((draw) => {
      const z = cooled(letters.slice(-sizes[0]));
      const kept = keep(z, { k, p, least })[way];
      const probs = softmax(z.map((score, i) => (kept[i] ? score : -Infinity)));
      let [sum, letter] = [0, 0];
      for (; letter < 26; letter += 1) {
        sum += probs[letter];
        if (sum > draw) break;
      }
      letters.push(letter);
      return LETTERS[letter];
    }).join('');
  });
  return { probs: softmax(first), kept: keep(first, { k, p, least }), texts };
}

const [TOP, TALL, EACH] = [24, 96, 20];

function render({ model, el }) {
  let width = 640;
  const names = ['weights', 'sizes', 'prompt', 'temperature', 'k', 'p', 'least', 'start', 'round'];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const first = state();
  const drawing = svg('svg', { role: 'img', 'aria-label': 'The probabilities of the next letters as columns, the largest first; below each letter a dot for each filter that keeps it' });
  const field = html('input', { type: 'text', maxLength: MOST, spellcheck: false, autocomplete: 'off', oninput: () => change({ prompt: field.value }) });
  const typed = html('label', { className: 'ce-text' }, html('span', {}, 'begin with'), field);
  const two = (value) => digits(value, 2);
  const rows = [
    slider('temperature', { min: 0.1, max: 3, step: 0.1, show: (value) => digits(value, 1), change: (temperature) => change({ temperature }) }),
    slider('top-k', { min: 1, max: 27, step: 1, show: String, change: (k) => change({ k }) }),
    slider('top-p', { min: 0.05, max: 1, step: 0.05, show: two, change: (p) => change({ p }) }),
    slider('min-p', { min: 0.01, max: 0.5, step: 0.01, show: two, change: (least) => change({ least }) }),
  ];
  const more = html('button', { type: 'button', onclick: () => change({ round: model.get('round') + 1 }) }, 'Draw again');
  const again = html('button', { type: 'button', onclick: () => change(first) }, 'Start again');
  const blocks = WAYS.map((way) => html('div', {}, html('b', {}, way), html('p', {})));
  const key = html('p', { className: 'ce-line ce-key' }, 'Columns: the largest first; ␣ is the space. Dot: the filter keeps the letter. Below, what each way draws, from the same random numbers; beside its name the letters that it keeps of the first draw, and their share.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(typed, drawing, key, note, html('div', { className: 'ce-grid' }, html('div', {}, rows.slice(0, 2)), html('div', {}, rows.slice(2))), html('div', { className: 'ce-row' }, more, again), html('div', { className: 'ce-texts' }, blocks), status);

  function draw() {
    const now = state();
    const found = compute(now);
    const order = found.probs.map((_, i) => i).sort((a, b) => found.probs[b] - found.probs[a] || a - b);
    const left = 50;
    const shown = Math.min(27, Math.floor((width - left - 4) / EACH));
    const each = (width - left - 4) / shown;
    const bottom = TOP + TALL;
    const most = found.probs[order[0]];
    const x = (i) => left + each * (i + 0.5);
    const text = (px, py, said, extra) => svg('text', { x: px, y: py, 'text-anchor': 'middle', class: 'ce-small', ...extra }, said);
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom + 88}`);
    drawing.replaceChildren(
      text(0, 14, shown < 27 ? `probability of the ${shown} likeliest letters` : 'probability of the next letter', { 'text-anchor': 'start', class: '' }),
      text(left - 6, TOP + 12, digits(most, 2), { 'text-anchor': 'end' }), text(left - 6, bottom, '0', { 'text-anchor': 'end' }),
      svg('path', { d: `M${left} ${bottom}H${width - 4}`, class: 'ce-axis' }),
      ...order.slice(0, shown).flatMap((letter, i) => [
        svg('rect', { x: x(i) - each * 0.36, y: bottom - (TALL * found.probs[letter]) / most, width: each * 0.72, height: (TALL * found.probs[letter]) / most, class: 'ce-cat' }),
        text(x(i), bottom + 17, letter === 26 ? '␣' : LETTERS[letter], { class: '' }),
        ...[1, 2, 3].filter((way) => found.kept[way][letter]).map((way) => svg('circle', { cx: x(i), cy: bottom + 14 + 20 * way, r: 4, class: 'ce-dog' })),
      ]),
      ...[1, 2, 3].map((way) => text(left - 6, bottom + 18 + 20 * way, WAYS[way], { 'text-anchor': 'end' })),
    );
    const begun = clean(now.prompt);
    const kept = found.kept.map((row) => [row.filter(Boolean).length, row.reduce((sum, there, i) => sum + (there ? found.probs[i] : 0), 0)]);
    blocks.forEach((block, way) => {
      const [count, share] = kept[way];
      block.firstChild.textContent = way ? `${WAYS[way]}: ${count} ${count === 1 ? 'letter' : 'letters'}, ${digits(share)}` : 'plain: all letters';
      block.lastChild.replaceChildren(html('span', {}, begun), found.texts[way]);
    });
    note.textContent = `Of the next letters ${kept.slice(1).map(([count], i) => `${WAYS[i + 1]} keeps ${count}`).join(', ')}.`;
    if (field.value !== now.prompt) field.value = now.prompt;
    [now.temperature, now.k, now.p, now.least].forEach((value, i) => rows[i].set(value));
    status.say(`${note.textContent} Plain writes: ${begun}${found.texts[0]}`);
  }
  const change = bind(model, names, draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="writer"] .ce-texts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 0.4rem 2rem; }
  [data-widget="writer"] .ce-texts b { display: block; margin-top: 0.3rem; font-weight: 600; }
  [data-widget="writer"] .ce-texts p { margin: 0; min-height: 6em; font: 0.8125rem/1.5 var(--code, monospace); overflow-wrap: anywhere; }
  [data-widget="writer"] .ce-texts span { color: var(--w-quiet); }
  [data-widget="writer"] .ce-texts p { white-space: pre-wrap; }
`);

export default widget('writer', render);

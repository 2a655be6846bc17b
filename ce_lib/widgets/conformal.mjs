const ALL = 1000; // photographs: three scores in [0, 8), and a label drawn from their softmax
const [TOP, TALL, ROW, LIMIT] = [26, 150, 50, 10000];
const HELD = [10, 20, 50, 100, 200, 500];
const COVERAGES = [0.5, 0.7, 0.8, 0.9, 0.95, 0.99];
const MODELS = { 1: 'true chances', 0.4: 'overconfident', 2.5: 'underconfident' };

// The probability of the label, and of each class, of all photographs at a temperature.
function photographs(pcg, temperature) {
  const scores = Array.from({ length: ALL }, () => [0, 0, 0].map(() => 8 * uniform(pcg)));
  const labels = scores.map((z) => {
    const [cat, dog] = softmax(z);
    const at = uniform(pcg);
    return (at > cat) + (at > cat + dog);
  });
  const probs = scores.map((z) => softmax(z.map((score) => score / temperature)));
  return { probs, mine: probs.map((p, i) => p[labels[i]]) };
}

// So many draws of held-out photographs: the threshold of the last one, and what each covers of the others.
let kept = {};
export function compute({ temperature, coverage, held, draws, start }) {
  const key = JSON.stringify([temperature, coverage, held, start]);
  if (kept.key !== key || kept.coverages.length > draws) {
    const pcg = { state: BigInt(start[0]), step: BigInt(start[1]) };
    kept = { key, pcg, ...photographs(pcg, temperature), order: Array.from({ length: ALL }, (_, i) => i), coverages: [] };
  }
  const { pcg, probs, mine, order, coverages } = kept;
  const rank = Math.ceil(coverage * (held + 1));
  while (coverages.length < draws) {
    for (let i = 0; i < held; i += 1) {
      const j = i + Math.floor(uniform(pcg) * (ALL - i));
      [order[i], order[j]] = [order[j], order[i]];
    }
    const ranked = order.slice(0, held).map((i) => mine[i]).sort((a, b) => b - a);
    kept.threshold = rank <= held ? ranked[rank - 1] : 0;
    coverages.push(order.slice(held).filter((i) => mine[i] >= kept.threshold).length / (ALL - held));
  }
  const classes = order.slice(held).reduce((sum, i) => sum + probs[i].filter((p) => p >= kept.threshold).length, 0);
  const mean = coverages.reduce((sum, value) => sum + value, 0) / draws;
  return { threshold: kept.threshold, coverages: [...coverages], covered: coverages[draws - 1], mean, size: classes / (ALL - held), rank };
}

function render({ model, el }) {
  let width = 640;
  const first = Object.fromEntries(['temperature', 'coverage', 'held', 'draws', 'scores'].map((name) => [name, model.get(name)]));
  const state = () => Object.fromEntries(['temperature', 'coverage', 'held', 'draws', 'start', 'scores'].map((name) => [name, model.get(name)]));
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Left, the probabilities of your photograph and the threshold; right, how often each coverage occurred in the draws' });
  const rows = CLASSES.map((name, k) => slider(`score of ${name}`, { min: 0, max: 8, step: 0.1, show: (value) => digits(value, 1), change: (value) => change({ scores: model.get('scores').map((old, j) => (j === k ? value : old)) }) }));
  const reach = slider('coverage γ', { min: 0, max: COVERAGES.length - 1, step: 1, change: (k) => change({ coverage: COVERAGES[k] }) });
  const many = slider('held-out photographs', { min: 0, max: HELD.length - 1, step: 1, change: (k) => change({ held: HELD[k] }) });
  const kinds = choice('model', MODELS, (value) => change({ temperature: Number(value) }));
  const button = (text, act) => html('button', { type: 'button', onclick: act }, text);
  const more = (draws) => change({ draws: Math.min(LIMIT, model.get('draws') + draws) });
  const buttons = html('div', { className: 'ce-row' }, button('One draw', () => more(1)), button('100 draws', () => more(100)), button('Start again', () => change(first)));
  const values = ['threshold', 'this draw covers', 'mean of draws', 'mean classes in a set'].map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const key = html('p', { className: 'ce-line ce-key' }, 'A draw: some of 1,000 photographs are held out at random, and the threshold is taken from them. First drawing: a bar that reaches the threshold is in the set; pale bars are not. Second: how many of the draws had each coverage, the share of the photographs not held out whose label is in its set.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(drawing, key, note, html('div', { className: 'ce-grid' }, html('div', {}, rows), html('div', {}, reach, many)), kinds, buttons, html('div', { className: 'ce-figures' }, values), status);

  function draw() {
    const now = state();
    const found = compute(now);
    const p = softmax(now.scores.map((score) => score / now.temperature));
    const wide = width >= 520;
    const each = wide ? (width - 44 - 40 - 16) / 2 : width - 44 - 16;
    const left = [44, wide ? 44 + each + 40 : 30];
    const bottom = [TOP + TALL, wide ? TOP + TALL : 2 * (TOP + TALL) + 50];
    const text = (x, y, said, more) => svg('text', { x, y, 'text-anchor': 'middle', class: 'ce-small', ...more }, said);
    const x = (share) => left[0] + each * share;
    const inside = p.map((value) => value >= found.threshold);
    const parts = [text(0, 14, 'your photograph', { 'text-anchor': 'start', class: '' }), svg('path', { d: `M${left[0]} ${TOP}V${bottom[0]}`, class: 'ce-axis' })];
    CLASSES.forEach((name, k) => {
      const y = TOP + ROW * (k + 0.5);
      parts.push(
        text(left[0] - 8, y + 5, name, { class: `ce-${name}`, 'text-anchor': 'end' }),
        svg('rect', { x: left[0], y: y - 12, width: Math.max(1, each * p[k]), height: 24, class: `ce-${name}`, opacity: inside[k] ? 1 : 0.3 }),
      );
    });
    parts.push(
      svg('path', { d: `M${x(found.threshold)} ${TOP}V${bottom[0]}`, class: 'ce-axis ce-bold' }),
      ...[0, 0.5, 1].map((tick) => text(x(tick), bottom[0] + 17, String(tick))), text(x(0.5), bottom[0] + 34, 'probability; thick line: threshold'),
    );
    const cells = new Array(51).fill(0); // of coverage, from 0.5 to 1
    for (const value of found.coverages) cells[Math.min(50, Math.max(0, Math.floor((value - 0.5) * 100 + 1e-9)))] += 1;
    const most = Math.max(...cells);
    const across = (value) => left[1] + (each * (Math.max(0.5, value) - 0.5)) / 0.51;
    cells.forEach((n, k) => {
      if (n) parts.push(svg('rect', { x: across(0.5 + k / 100), y: bottom[1] - (TALL - 8) * (n / most), width: Math.max(1, each / 51 - 1), height: (TALL - 8) * (n / most), class: 'ce-cat' }));
    });
    parts.push(
      text(left[1] - (wide ? 0 : 30), bottom[1] - TALL - 12, 'draws by their coverage', { 'text-anchor': 'start', class: '' }),
      svg('path', { d: `M${left[1]} ${bottom[1]}H${left[1] + each}`, class: 'ce-axis' }), svg('path', { d: `M${across(now.coverage)} ${bottom[1] - TALL}V${bottom[1]}`, class: 'ce-rule' }),
      ...[0.5, 0.75, 1].map((tick) => text(across(tick), bottom[1] + 17, String(tick))), text(left[1] + each / 2, bottom[1] + 34, 'coverage; dashed: the promise γ'),
    );
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom[1] + 40}`);
    drawing.replaceChildren(...parts);
    const set = CLASSES.filter((_, k) => inside[k]);
    const proof = digits(Math.min(1, found.rank / (now.held + 1)));
    note.textContent = `Your set: ${set.length ? set.join(', ') : 'empty'}. Mean coverage: ${proof} as proved, over all draws; ${digits(found.mean)} in ${now.draws === 1 ? 'this draw' : `these ${now.draws}`}.`;
    [found.threshold, found.covered, found.mean, found.size].forEach((value, k) => { values[k].firstChild.textContent = k === 3 ? digits(value, 2) : value.toFixed(3); });
    rows.forEach((row, k) => row.set(now.scores[k]));
    reach.set(COVERAGES.findLastIndex((value) => value <= now.coverage), String(now.coverage));
    many.set(HELD.findLastIndex((n) => n <= now.held), String(now.held));
    kinds.set(now.temperature);
    status.say(`${note.textContent} Threshold ${digits(found.threshold)}, ${digits(found.size, 2)} classes in a set on average.`);
  }
  const change = bind(model, ['temperature', 'coverage', 'held', 'draws', 'scores'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="conformal"] .ce-figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.4rem; }
  @media (max-width: 30rem) { [data-widget="conformal"] .ce-figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
`);

export default widget('conformal', render);

const RULES = { residual: 'the residual', target: 'the target', greedy: 'the residual, after a greedy draft' };

// What is drafted, kept and drawn again of each class, and the distribution of the token.
export function compute({ target, draft, rule }) {
  const total = draft.reduce((a, b) => a + b, 0);
  const q = draft.map((weight) => weight / total);
  const chances = q.map((chance, k) => (chance > target[k] ? target[k] / chance : 1));
  const extra = target.map((chance, k) => Math.max(chance - q[k], 0));
  const sum = extra.reduce((a, b) => a + b, 0);
  const residual = extra.map((chance, k) => (sum > 0 ? chance / sum : target[k]));
  const best = q.indexOf(Math.max(...q));
  const drafted = rule === 'greedy' ? q.map((_, k) => Number(k === best)) : q;
  const kept = drafted.map((chance, k) => chance * chances[k]);
  const share = kept.reduce((a, b) => a + b, 0);
  const again = (rule === 'target' ? target : residual).map((chance) => (1 - share) * chance);
  return { q, drafted, kept, again, token: kept.map((chance, k) => chance + again[k]), share, residual };
}

const [TOP, TALL] = [30, 170];

function render({ model, el }) {
  let width = 640;
  const names = ['target', 'draft', 'rule'];
  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const first = state();
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Two columns for each class: left the draft, with the part that is kept filled; right the token, made of the kept part and of what is drawn after a rejection; a line at the target' });
  const set = (k, value) => change({ draft: model.get('draft').map((weight, j) => (j === k ? value : weight)) });
  const rows = CLASSES.map((name, k) => slider(`draft: ${name}`, { min: 0.1, max: 1, step: 0.1, change: (value) => set(k, value) }));
  const kinds = choice('after a rejection', RULES, (rule) => change({ rule }));
  const again = html('div', { className: 'ce-row' }, html('button', { type: 'button', onclick: () => change(first) }, 'Start again'));
  const values = ['draft kept', ...CLASSES.map((name) => `token: ${name}`)].map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const key = html('p', { className: 'ce-line ce-key' }, 'Left column: the draft, filled where it is kept. Right column: the token, kept or, pale, drawn after a rejection. Dashed, and beside the name: the target.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(drawing, key, note, ...rows, kinds, again, html('div', { className: 'ce-figures' }, values), status);

  function draw() {
    const now = state();
    const found = compute(now);
    const left = 24;
    const group = (width - left - 4) / 3;
    const bar = Math.min(64, group * 0.36);
    const bottom = TOP + TALL;
    const y = (chance) => bottom - TALL * chance;
    const text = (px, py, said, extra) => svg('text', { x: px, y: py, 'text-anchor': 'middle', class: 'ce-small', ...extra }, said);
    drawing.setAttribute('viewBox', `0 0 ${width} ${bottom + 44}`);
    drawing.replaceChildren(
      ...[[0, '0'], [0.5, '½'], [1, '1']].map(([chance, said]) => text(left - 6, y(chance) + 4, said, { 'text-anchor': 'end' })),
      svg('path', { d: `M${left} ${TOP}V${bottom}H${width - 4}`, class: 'ce-axis' }),
      ...CLASSES.flatMap((name, k) => {
        const middle = left + group * (k + 0.5);
        const [one, two] = [middle - bar - 2, middle + 2];
        const column = (px, from, chance, kind) => svg('rect', { x: px, y: y(from + chance), width: bar, height: TALL * chance, class: kind });
        return [
          column(one, 0, found.drafted[k], 'ce-open'), column(one, 0, found.kept[k], `ce-${name}`),
          column(two, 0, found.kept[k], `ce-${name}`), column(two, found.kept[k], found.again[k], `ce-${name} ce-again`),
          svg('path', { d: `M${one - 4} ${y(now.target[k])}H${two + bar + 4}`, class: 'ce-rule ce-goal' }),
          text(one + bar / 2, bottom + 16, 'draft'), text(two + bar / 2, bottom + 16, 'token'),
          text(middle, bottom + 36, `${name} ${digits(now.target[k], 2)}`, { class: `ce-${name}` }),
        ];
      }),
      text(0, 14, 'probability', { 'text-anchor': 'start', class: '' }),
    );
    const gaps = found.token.map((chance, k) => chance - now.target[k]);
    const worst = gaps.indexOf(Math.max(...gaps));
    note.textContent = gaps[worst] < 1e-9 ? 'Each token column ends at the target.' : `The ${CLASSES[worst]} is too frequent by ${digits(gaps[worst])}.`;
    [found.share, ...found.token].forEach((value, k) => { values[k].firstChild.textContent = digits(value); });
    now.draft.forEach((weight, k) => rows[k].set(weight, digits(found.q[k], 2)));
    kinds.set(now.rule);
    status.say(`${note.textContent} Kept ${digits(found.share)}. Token: ${CLASSES.map((name, k) => `${name} ${digits(found.token[k])}`).join(', ')}.`);
  }
  const change = bind(model, names, draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  [data-widget="speculative"] .ce-open { fill: none; stroke: var(--w-ink); }
  [data-widget="speculative"] .ce-again { opacity: 0.45; }
  [data-widget="speculative"] .ce-goal { stroke-width: 2; opacity: 1; }
  [data-widget="speculative"] .ce-note { min-height: 1.45em; }
  [data-widget="speculative"] .ce-figures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.4rem 0.8rem; }
  @media (max-width: 30rem) { [data-widget="speculative"] .ce-figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
`);

export default widget('speculative', render);

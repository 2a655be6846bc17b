const [LEFT, RIGHT, LOW, HIGH] = [-6, 12, -1, 6]; // the part of the plane that is drawn
const ETA = 4; // one over the largest curvature, ¼

// Loss, slope and curvature of two classes at the margin d; y: the share of the first in the target.
function local(d, y) {
  const small = Math.exp(-Math.abs(d));
  const [p, q] = d < 0 ? [small / (1 + small), 1 / (1 + small)] : [1 / (1 + small), small / (1 + small)];
  return { loss: Math.log1p(small) + Math.max(0, -d) * y + Math.max(0, d) * (1 - y), slope: p * (1 - y) - q * y, curvature: p * q };
}

// Where both steps lead. Newton's step is halved, if it is damped, until the loss falls by a quarter of what the slope says.
export function compute({ margin, target, damped }) {
  const here = local(margin, target);
  const { loss, slope, curvature } = here;
  const step = curvature > 0 ? -slope / curvature : 0;
  let t = 1;
  while (damped && local(margin + t * step, target).loss > loss + (t / 4) * slope * step + 1e-12) t /= 2;
  const to = (d) => ({ to: d, loss: local(d, target).loss });
  return { ...here, t, newton: to(margin + t * step), gradient: to(margin - ETA * slope) };
}

dress(`
  [data-widget="newton_step"] tbody th::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.4em; border-radius: 50%; }
  [data-widget="newton_step"] .ce-by-newton::before { background: var(--dog, #d55e00); }
  [data-widget="newton_step"] .ce-by-gradient::before { background: var(--bird, #009e73); }
  .ce-hollow { fill: none; stroke-width: 2; }
  [data-widget="newton_step"] table { table-layout: fixed; width: 100%; max-width: 34rem; }
  [data-widget="newton_step"] thead th:first-child { width: 34%; }
  [data-widget="newton_step"] td { white-space: nowrap; }
  @media (max-width: 30rem) { [data-widget="newton_step"] table { font-size: 0.8125rem; } [data-widget="newton_step"] :is(td, th) { padding-right: 0.2rem; font-size: inherit; } [data-widget="newton_step"].ce-widget.ce-widget .ce-note { min-height: 5.8em; } [data-widget="newton_step"] .ce-key { min-height: 7.25em; } }
  @media (max-width: 22rem) { [data-widget="newton_step"] table { font-size: 0.75rem; } [data-widget="newton_step"] thead th:first-child { width: 28%; } [data-widget="newton_step"].ce-widget.ce-widget .ce-note { min-height: 7.25em; } }
`);

function render({ model, el }) {
  let width = 640;
  const [TOP, TALL, LANE] = [24, 190, 22];
  const x = (d) => 30 + ((width - 42) * (d - LEFT)) / (RIGHT - LEFT);
  const y = (value) => TOP + (TALL * (HIGH - value)) / (HIGH - LOW);
  const drawing = svg('svg', { role: 'img', 'aria-label': 'The loss against the margin, with the tangent and Newton’s parabola at one point, and where a step of each leads' });
  const go = (margin) => change({ margin, trail: [margin] });
  const put = (d) => go(Math.round(10 * Math.min(RIGHT, Math.max(LEFT, d))) / 10);
  const knob = grip(drawing, {
    label: 'margin, on the curve of the loss', min: LEFT, max: RIGHT,
    move: (at) => put(LEFT + ((at - 30) * (RIGHT - LEFT)) / (width - 42)),
    nudge: (right, up) => put(model.get('margin') + 0.1 * (right + up)),
  });
  const row = slider('margin', { min: LEFT, max: RIGHT, step: 0.1, change: put });
  const targets = choice('target', { 1: 'label (1, 0)', 0.7: 'soft (0.7, 0.3)' }, (value) => change({ target: Number(value), trail: [model.get('margin')] }));
  const kinds = choice('Newton step', { full: 'full', damped: 'damped' }, (value) => change({ damped: value === 'damped' }));
  const state = () => Object.fromEntries(['margin', 'target', 'damped'].map((name) => [name, model.get(name)]));
  const button = (text, act) => html('button', { type: 'button', onclick: act }, text);
  const steps = ['newton', 'gradient'].map((name) => button(`${name === 'newton' ? 'Newton' : 'Gradient'} step`, () => {
    const margin = compute(state())[name].to;
    change({ margin, trail: [...model.get('trail'), margin] });
  }));
  const buttons = html('div', { className: 'ce-row' }, steps, button('Back to the start', () => go(model.get('trail')[0])));
  const rows = ['newton', 'gradient'].map((name) => html('tr', {}, html('th', { scope: 'row', className: `ce-by-${name}` }, name === 'newton' ? 'Newton' : 'gradient (η\u00a0=\u00a04)'), [0, 1, 2].map(() => html('td', {}))));
  const table = html('div', {}, html('table', {}, html('thead', {}, html('tr', {}, ['method', 'step', 'leads to', 'loss there'].map((name) => html('th', { scope: 'col' }, name)))), html('tbody', {}, rows)));
  const deepest = html('span', {});
  const key = html('p', { className: 'ce-line ce-key' }, 'Margin: the score of the first class minus that of the second. Blue: the loss; drag the dot on it. Dashed: tangent. Orange: Newton’s parabola; ', deepest, ' Arrows: both steps.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(withKnobs(drawing, [knob]), key, row, html('div', { className: 'ce-row' }, targets, kinds), buttons, table, note, status);

  function draw() {
    const [{ margin, target, damped }, trail] = [state(), model.get('trail')];
    const found = compute({ margin, target, damped });
    const { loss, slope, curvature, newton, gradient, t } = found;
    const lanes = [y(LOW) + 52, y(LOW) + 52 + LANE];
    drawing.setAttribute('viewBox', `0 0 ${width} ${lanes[1] + 12}`);
    const clip = (d) => Math.min(RIGHT, Math.max(LEFT, d));
    const line = (f, n = 180) => { // the pieces of a curve that are inside the frame
      let path = '';
      let before = false;
      for (let k = 0; k <= n; k += 1) {
        const d = LEFT + ((RIGHT - LEFT) * k) / n;
        const value = f(d);
        const inside = value >= LOW && value <= HIGH;
        if (inside) path += `${before ? 'L' : 'M'}${x(d).toFixed(1)} ${y(value).toFixed(1)}`;
        before = inside;
      }
      return path;
    };
    const parabola = (d) => loss + slope * (d - margin) + (curvature * (d - margin) ** 2) / 2;
    const arrow = (to, at, kind) => {
      const [from, end] = [x(clip(margin)), x(clip(to))];
      const head = Math.sign(end - from) * Math.min(7, Math.abs(end - from));
      const beyond = to === clip(to) ? '' : `M${end} ${at - 7}V${at + 7}`; // it goes on outside
      return svg('path', { d: `M${from} ${at}H${end}M${end - head} ${at - 4}L${end} ${at}L${end - head} ${at + 4}${beyond}`, class: `ce-arrow ce-line-${kind}` });
    };
    const lands = ({ to, loss: value }, kind) => (to === clip(to) && value <= HIGH ? [svg('path', { d: `M${x(to)} ${y(value)}V${kind === 'dog' ? lanes[0] : lanes[1]}`, class: `ce-rule ce-line-${kind}` }), svg('circle', { cx: x(to), cy: y(value), r: 4.5, class: `ce-${kind}` })] : []);
    const lowest = [margin - slope / curvature, loss - slope ** 2 / (2 * curvature)];
    const inside = lowest[0] === clip(lowest[0]) && lowest[1] >= LOW && lowest[1] <= HIGH;
    deepest.textContent = inside ? 'ring: its lowest point.' : 'its lowest point is off the drawing.';
    drawing.replaceChildren(
      svg('path', { d: `M30 ${TOP}V${y(LOW)}M30 ${y(0)}H${width - 12}`, class: 'ce-axis' }),
      ...[0, 2, 4].map((tick) => svg('text', { x: 25, y: y(tick) + 4, 'text-anchor': 'end', class: 'ce-small' }, String(tick))),
      svg('text', { x: 2, y: 14 }, 'loss (nats)'),
      ...[-6, -3, 0, 3, 6, 9, 12].map((tick) => svg('text', { x: x(tick), y: y(LOW) + 16, 'text-anchor': 'middle', class: 'ce-small' }, String(tick).replace('-', '−'))),
      svg('text', { x: x((LEFT + RIGHT) / 2), y: y(LOW) + 33, 'text-anchor': 'middle', class: 'ce-small' }, 'margin'),
      svg('path', { d: line((d) => loss + slope * (d - margin)), class: 'ce-rule' }),
      svg('path', { d: line(parabola), class: 'ce-trail' }),
      svg('path', { d: line((d) => local(d, target).loss), class: 'ce-curve' }),
      ...lands(newton, 'dog'), ...lands(gradient, 'bird'),
      ...(inside ? [svg('circle', { cx: x(lowest[0]), cy: y(lowest[1]), r: 7, class: 'ce-hollow ce-line-dog' })] : []), arrow(newton.to, lanes[0], 'dog'), arrow(gradient.to, lanes[1], 'bird'),
      ...trail.slice(0, -1).filter((d) => d === clip(d) && local(d, target).loss <= HIGH).map((d) => svg('circle', { cx: x(d), cy: y(local(d, target).loss), r: 3, class: 'ce-cat' })),
      svg('circle', { cx: x(clip(margin)), cy: y(Math.min(HIGH, loss)), r: 8, class: 'ce-handle' }),
    );
    [newton, gradient].forEach(({ to, loss: value }, k) => [to - margin, to, value].forEach((number, c) => {
      const text = Math.abs(number) < 1000 || !Number.isFinite(number) ? digits(number, Math.abs(number) < 1e-3 ? 1 : 3) : number.toPrecision(2).replace('e+', 'e').replaceAll('-', '−');
      rows[k].children[c + 1].textContent = number === 0 ? '0' : (c ? '' : number > 0 ? '+' : '') + text;
    }));
    const off = margin === clip(margin) ? '' : ' The dot is off the drawing.';
    const rises = newton.loss > loss;
    const count = trail.length - 1;
    const first = `Margin ${digits(margin)}: loss ${digits(loss)}, slope ${digits(slope)}, curvature ${digits(curvature)}${count ? `, after ${count} step${count > 1 ? 's' : ''}` : ''}.`;
    const second = !(curvature > 0) ? 'Curvature 0: Newton’s step has no denominator.'
      : rises ? 'Newton’s step overshoots: the loss rises.'
        : damped && t < 1 ? `The full step would overshoot; it is cut to ${digits(t)} of its length.`
          : `${target === 1 && t === 1 ? `Newton’s step is 1/p̂\u00a0=\u00a0${digits(newton.to - margin)}. ` : ''}It leads ${Math.abs(newton.loss - gradient.loss) < 1e-12 ? 'as low as' : newton.loss < gradient.loss ? 'lower than' : 'not as low as'} the gradient’s.`;
    note.textContent = `${first} ${second}${off}`;
    steps[0].disabled = !(curvature > 0);
    row.set(clip(margin), digits(margin));
    targets.set(target);
    kinds.set(damped ? 'damped' : 'full');
    knob.set(x(clip(margin)), y(Math.min(HIGH, loss)), clip(margin), `${digits(margin)}, loss ${digits(loss)}`);
    status.say(`${note.textContent} Newton leads to ${digits(newton.to)}, the gradient to ${digits(gradient.to)}.`);
  }
  const change = bind(model, ['margin', 'target', 'damped', 'trail'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

export default widget('newton_step', render);

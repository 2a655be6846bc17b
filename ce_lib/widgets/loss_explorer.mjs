// Four losses of three logits, with the cat as the true class: their values and gradients.
export function compute(z) {
  const y = [1, 0, 0];
  const p = softmax(z);
  const wrong = p[1] + p[2]; // 1 − p̂(cat), no digit lost
  const brier = wrong * wrong + p[1] * p[1] + p[2] * p[2];
  const behind = z.map((rival, k) => (k ? Math.max(0, rival - z[0] + 1) : 0));
  const q = softmax(p);
  const through = (g) => { // back through the softmax: p (g − mean of g)
    const mean = p.reduce((sum, chance, k) => sum + chance * g[k], 0);
    return p.map((chance, k) => chance * (g[k] - mean));
  };
  const close = behind.map((missing) => (missing > 0 ? 1 : 0));
  const squared = through([-2 * wrong, 2 * p[1], 2 * p[2]]);
  return {
    values: [crossEntropy(z, y), brier, behind[1] + behind[2], crossEntropy(p, y)],
    gradients: [
      [-wrong, p[1], p[2]],
      [-2 * p[0] * brier, squared[1], squared[2]],
      [0 - close[1] - close[2], close[1], close[2]],
      through([-(q[1] + q[2]), q[1], q[2]]),
    ],
  };
}

// One ball for each loss, all from one start. A ball rests once the cat has the highest score.
const LIMIT = 10000;
export function race(rivals) {
  const balls = [0, 1, 2, 3].map(() => ({ z: [0, ...rivals], steps: 0, path: [[...rivals]] }));
  const home = ({ z }) => z[0] >= Math.max(z[1], z[2]);
  let steps = 0;
  const advance = (to) => {
    for (to = Math.min(to, LIMIT); steps < to; steps += 1) {
      balls.forEach((ball, k) => {
        if (home(ball)) return;
        const slope = compute(ball.z).gradients[k];
        ball.z = ball.z.map((value, j) => value - slope[j]);
        ball.steps += 1;
        const at = [ball.z[1] - ball.z[0], ball.z[2] - ball.z[0]];
        const last = ball.path.at(-1);
        if (Math.hypot(at[0] - last[0], at[1] - last[1]) > 0.05) ball.path.push(at);
      });
    }
    return balls.map((ball) => ({ ...ball, home: home(ball) }));
  };
  return { advance, steps: () => steps };
}

// How many steps of size 1 each loss takes; null where the limit comes first.
export const arrivals = (rivals) => race(rivals).advance(LIMIT).map((ball) => (ball.home ? ball.steps : null));

const NAMES = ['cross-entropy', 'squared error', 'hinge', 'softmax twice'];
const COLOURS = ['cat', 'dog', 'bird', 'other'];
const LEVELS = [[1, 4, 7, 10], [0.4, 0.9, 1.4, 1.9], [1, 4, 7, 10, 13, 16, 19, 22], [0.6, 0.9, 1.2, 1.5]];
const [LOW, HIGH, MOST] = [-8, 12, 14]; // a map's range, the largest loss drawn

// Where all is in a drawing so many pixels wide: `unit` pixels stand for a point of score or of loss.
function places(width) {
  const left = 26;
  const side = Math.min(190, (width - left - 24) / 3);
  const unit = side / (HIGH - LOW);
  const narrow = side < 100; // a title takes two lines
  const map = narrow ? 54 : 38; // below a title and a count
  const slice = map + side + 20;
  return { side, unit, narrow, map, slice, floor: slice + unit * MOST, lefts: [0, 1, 2].map((k) => left + (k * (width - left - side - 2)) / 2) };
}

// The lines along which a loss is constant, by the sides of small squares that they cross.
const grids = [];
function contours(which, unit) {
  const fine = 0.5;
  const count = (HIGH - LOW) / fine;
  const at = (i) => LOW + fine * i;
  const loss = grids[which] ??= Array.from({ length: count + 1 }, (_, i) => Array.from({ length: count + 1 }, (__, j) => compute([0, at(i), at(j)]).values[which]));
  const parts = [];
  for (const level of LEVELS[which]) {
    for (let i = 0; i < count; i += 1) {
      for (let j = 0; j < count; j += 1) {
        const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
        const cuts = corners.flatMap(([a, b], k) => {
          const [c, d] = corners[(k + 1) % 4];
          const [from, to] = [loss[a][b] - level, loss[c][d] - level];
          if ((from < 0) === (to < 0)) return [];
          const share = from / (from - to);
          return [[a + share * (c - a), b + share * (d - b)].map((n) => unit * fine * n)];
        });
        if (cuts.length === 2) parts.push(`M${cuts.map(([x, y]) => `${x.toFixed(1)} ${(unit * fine * count - y).toFixed(1)}`).join('L')}`);
      }
    }
  }
  return parts.join('');
}

function render({ model, el }) {
  const clip = `ce-race-${Math.random().toString(36).slice(2)}`;
  let at = places(640);
  let panels = [];
  const right = (x) => at.unit * (x - LOW);
  const down = (y) => at.side - at.unit * (y - LOW);
  const text = (x, y, said, more) => svg('text', { x, y, 'text-anchor': 'middle', ...more }, said);
  const box = (id, height) => svg('clipPath', { id }, svg('rect', { width: at.side, height }));
  const drawing = svg('svg', { role: 'img', 'aria-label': 'Three maps of a loss, each with a ball at the same start, and below each map the loss against the lead of the cat with the tangent at the ball' });
  const lay = (width) => {
    at = places(width);
    const { side, unit, narrow, map, slice, floor, lefts } = at;
    panels = lefts.map((left, k) => {
      const part = {
        title: [15, 31].map((y) => text(side / 2, y, '')), lines: svg('path', {}), trail: svg('path', {}), curve: svg('path', {}), tangent: svg('path', { class: 'ce-axis ce-bold' }),
        corners: [['cat', 4, side - 6, 'start'], ['dog', side - 4, side - 6, 'end'], ['bird', 4, 15, 'start']].map(([name, x, y, anchor]) => text(x, y, name, { 'text-anchor': anchor, class: 'ce-small' })),
        start: svg('circle', { r: 6, class: 'ce-axis' }), ball: svg('circle', { r: 6 }), dot: svg('circle', { r: 6 }), above: svg('path', {}), count: text(side / 2, map - 7, '', { class: 'ce-small' }),
      };
      part.whole = svg('g', { transform: `translate(${left})` },
        part.title, part.count,
        svg('g', { transform: `translate(0 ${map})` },
          svg('g', { 'clip-path': `url(#${clip})` },
            svg('path', { d: `M0 ${down(0)}H${right(0)}V${side}M${right(0)} ${down(0)}L${side} 0`, class: 'ce-rule' }), part.lines, part.trail),
          svg('path', { d: `M0 0H${side}V${side}H0Z`, class: 'ce-axis' }),
          part.corners, ...[0, 10].map((tick) => text(right(tick), side + 14, String(tick), { class: 'ce-small' })), ...(k ? [] : [0, 10].map((tick) => text(-6, down(tick) + 5, String(tick), { 'text-anchor': 'end', class: 'ce-small' }))),
          part.start, part.ball),
        svg('g', { transform: `translate(0 ${slice})` },
          svg('path', { d: `M0 0V${unit * MOST}H${side}`, class: 'ce-axis' }), svg('path', { d: `M${side - right(0)} 0V${unit * MOST}`, class: 'ce-rule' }),
          svg('g', { 'clip-path': `url(#${clip}s)` }, part.curve, part.tangent), part.dot, part.above,
          text(side - right(10), unit * MOST + 16, '−10'), text(side - right(0), unit * MOST + 16, '0'), text(side / 2, unit * MOST + 34, narrow ? 'lead' : 'lead of the cat', { class: 'ce-small' })));
      if (!k) part.whole.append(...[0, 10].map((tick) => text(-6, slice + unit * (MOST - tick) + 5, String(tick), { 'text-anchor': 'end' })));
      return part;
    });
    drawing.setAttribute('viewBox', `0 0 ${width} ${floor + 42}`);
    drawing.replaceChildren(box(clip, side), box(`${clip}s`, unit * MOST), ...panels.map(({ whole }) => whole));
    plates(panels.flatMap(({ corners }) => corners));
  };
  const cells = NAMES.map(() => [html('td', {}), html('td', {}), html('td', {})]);
  const head = ['', 'loss', 'slope', 'steps'].map((name) => (name ? html('th', { scope: 'col' }, name) : html('td', {})));
  const table = html('table', {}, html('thead', {}, html('tr', {}, head)),
    html('tbody', {}, NAMES.map((name, k) => html('tr', {}, html('th', { scope: 'row', className: `ce-key-${COLOURS[k]}` }, name), cells[k]))));
  const levels = html('span', {});
  const status = speaker();
  const limits = (value) => Math.round(10 * Math.max(LOW, Math.min(HIGH, value))) / 10;
  const put = (dog, bird) => change({ rivals: [limits(dog), limits(bird)] });
  const whole = drag(drawing, {
    label: 'Start of the balls', min: LOW, max: HIGH,
    move: (x, y) => {
      const left = at.lefts.findLast((from) => x >= from - 5) ?? at.lefts[0];
      put((x - left) / at.unit + LOW, (at.side + at.map - y) / at.unit + LOW);
    },
    nudge: (by, up) => { const [dog, bird] = model.get('rivals'); put(dog + by / 10, bird + up / 10); },
  });
  const rows = ['dog', 'bird'].map((name, k) => slider(`${name} − cat`, {
    min: LOW, max: HIGH, step: 0.1, show: (value) => digits(value, 1),
    change: (value) => put(...model.get('rivals').map((old, j) => (j === k ? value : old))),
  }));
  const third = choice('Third map', { 3: 'softmax twice', 2: 'hinge' }, (value) => { stop(); change({ third: Number(value) }); });
  const button = (name, act) => html('button', { type: 'button', onclick: act }, name);
  let [run, timer, exact] = [race(model.get('rivals')), 0, 0];
  const play = button('Play', () => {
    if (timer) return stop();
    if (run.steps() === LIMIT || run.advance(0).every((ball) => ball.home)) again();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) { // no motion: straight to the next arrival
      const before = run.advance(0).filter((ball) => ball.home).length;
      while (run.steps() < LIMIT && run.advance(run.steps() + 1).filter((ball) => ball.home).length === before);
      return show();
    }
    let [last, started] = [performance.now(), run.steps()];
    exact = started;
    const frame = (now) => { // slow enough to see the first steps, then ever faster
      if (!el.isConnected) return stop();
      exact += (Math.min(now - last, 100) / 1000) * Math.max(2.5, 0.9 * exact);
      last = now;
      const done = run.advance(Math.floor(exact)).every((ball) => ball.home) || run.steps() === LIMIT;
      if (done) return stop();
      show(false);
      timer = requestAnimationFrame(frame);
    };
    timer = requestAnimationFrame(frame);
    play.textContent = 'Pause';
  });
  play.className = 'ce-play';
  const stop = () => { cancelAnimationFrame(timer); timer = 0; play.textContent = 'Play'; show(); };
  const again = () => { run = race(model.get('rivals')); };
  const buttons = html('div', { className: 'ce-row' }, play, button('One step', () => { stop(); run.advance(run.steps() + 1); show(); }), button('Reset', () => { again(); stop(); }));
  el.append(whole, html('p', { className: 'ce-line ce-key' }, 'Maps: right, the score dog − cat, up, bird − cat; dashed, where two classes tie for the lead; lines of equal loss in equal steps, ', levels, '. Below: the loss by the cat’s lead, and its tangent. A ball that has arrived, so that the cat leads, gets a ✓. All four losses race; three are drawn.'),
    buttons, html('div', { className: 'ce-grid' }, html('div', {}, rows, third), table), status);

  function show(say = true) {
    const balls = run.advance(0);
    const { side, unit, narrow } = at;
    balls.forEach(({ z, steps, home }, k) => {
      const { values, gradients } = compute(z);
      const took = home ? `${steps} ✓` : steps === LIMIT ? `> ${LIMIT}` : String(steps);
      [digits(values[k]), digits(gradients[k][0]), took].forEach((said, j) => { cells[k][j].textContent = said; });
    });
    [0, 1, model.get('third')].forEach((k, place) => {
      const { z, steps, home, path } = balls[k];
      const part = panels[place];
      const top = Math.max(z[1], z[2]);
      const lead = z[0] - top;
      const lossAt = (d) => compute([top + d, z[1], z[2]]).values[k];
      const { values: { [k]: loss }, gradients: { [k]: [slope] } } = compute(z);
      const set = (name, values) => Object.entries(values).forEach(([key, value]) => part[name].setAttribute(key, value));
      const [x, y] = [side - right(-lead), unit * (MOST - Math.min(loss, MOST))];
      const curve = [];
      for (let d = -HIGH; d <= -LOW; d += 0.25) curve.push(`${(side - right(-d)).toFixed(2)} ${(unit * (MOST - lossAt(d))).toFixed(2)}`);
      const lines = ([first, second = '']) => (narrow ? [first, second.trim()] : [first + second, '']);
      lines(NAMES[k].split(/(?<=-)|(?= )/)).forEach((said, j) => { part.title[j].textContent = said; part.title[j].setAttribute('class', `ce-${COLOURS[k]}`); });
      const count = steps === LIMIT ? `> ${LIMIT}` : String(steps);
      part.count.textContent = narrow && steps > 999 ? `${count}${home ? ' ✓' : ''}` : `${count} step${steps === 1 ? '' : 's'}${home && steps ? ' ✓' : ''}`; // no room for more
      if (part.shown !== k) set('lines', { d: contours(k, unit), class: `ce-thin ce-line-${COLOURS[k]}` });
      part.shown = k;
      set('trail', { d: `M${[...path, [z[1] - z[0], z[2] - z[0]]].map(([a, b]) => `${right(a).toFixed(1)} ${down(b).toFixed(1)}`).join('L')}`, class: 'ce-axis ce-bold' });
      set('start', { cx: right(path[0][0]), cy: down(path[0][1]) });
      const inside = (value) => Math.max(LOW, Math.min(HIGH, value));
      set('ball', { cx: right(inside(z[1] - z[0])), cy: down(inside(z[2] - z[0])), class: `ce-${COLOURS[k]} ce-ball` });
      set('curve', { d: `M${curve.join('L')}`, class: `ce-curve ce-line-${COLOURS[k]}` });
      const reach = 2.5 / Math.hypot(1, slope);
      const shown = loss <= MOST && x <= side;
      set('tangent', { d: `M${x - unit * reach} ${y + unit * reach * slope}L${x + unit * reach} ${y - unit * reach * slope}`, visibility: shown ? 'visible' : 'hidden' });
      set('dot', { cx: Math.min(x, side), cy: y, class: `ce-${COLOURS[k]} ce-ball`, visibility: loss > MOST ? 'hidden' : 'visible' });
      set('above', { d: `M${x - 6} 12h12l-6-10Z`, class: `ce-${COLOURS[k]}`, visibility: loss > MOST ? 'visible' : 'hidden' }); // off the picture: a triangle
    });
    levels.textContent = [0, 1, model.get('third')].map((k) => `${LEVELS[k][0]} to ${LEVELS[k].at(-1)}`).join(', ');
    if (say) status.say(`After ${run.steps()} steps: ${NAMES.map((name, k) => `${name}: loss ${cells[k][0].textContent}, slope ${cells[k][1].textContent}, ${balls[k].home ? `arrived after ${balls[k].steps} steps` : 'still on its way'}`).join('; ')}`);
  }
  const seat = (rivals) => whole.set(at.lefts[0] + right(rivals[0]), at.map + down(rivals[1]), rivals[0], `dog ${digits(rivals[0], 1)}, bird ${digits(rivals[1], 1)}, cat 0`);
  fit(drawing, (width) => {
    lay(width);
    seat(model.get('rivals'));
    show(false);
  });
  const change = bind(model, ['rivals', 'third'], ({ rivals, third: shown }) => {
    if (run.advance(0)[0].path[0].some((value, k) => value !== rivals[k])) {
      again();
      stop();
    }
    rows.forEach((row, k) => row.set(rivals[k]));
    third.set(shown);
    seat(rivals);
    show();
  });
}

export default widget('loss_explorer', render);

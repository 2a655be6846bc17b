// Loss, gradient and Jacobian of softmax, and the terms of the chain rule: row k is the way by p̂ of class k.
export function compute({ logits, target }) {
  const probs = softmax(logits);
  const jacobian = probs.map((p, i) => probs.map((q, j) => (i === j ? 0 : -p * q)));
  jacobian.forEach((row, i) => { row[i] = -row.reduce((sum, value) => sum + value, 0); }); // p (1 − p), with its digits
  const terms = jacobian.map((row, k) => row.map((value) => (-target[k] / probs[k]) * value));
  return { probs, grad: probs.map((p, k) => p - target[k]), loss: crossEntropy(logits, target), jacobian, terms };
}

// Who gives to whom when the scores change a little: class i gets p̂ᵢ p̂ⱼ (changeᵢ − changeⱼ) from class j.
export function gifts({ probs, change }) {
  return [[0, 1], [1, 2], [2, 0]].map(([i, j]) => {
    const amount = probs[i] * probs[j] * (change[i] - change[j]);
    return amount < 0 ? { from: i, to: j, amount: -amount } : { from: j, to: i, amount };
  });
}

// One step of gradient descent on the scores.
export function step({ logits, target, rate }) {
  const { grad } = compute({ logits, target });
  return logits.map((z, k) => z - rate * grad[k]);
}

const TARGETS = { cat: [1, 0, 0], dog: [0, 1, 0], bird: [0, 0, 1], soft: [0.7, 0.2, 0.1] };
const LEVELS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3];
const LEAST = 0.002; // as near to an edge as a point may be put by hand
const [REACH, LIMIT] = [6, 60]; // the largest score of the sliders, and the steps of a race
const HEAD = 24; // the height of a view's title
const ROWS = { top: HEAD + 22, each: 58 };

// A number of a cell, in at most six characters.
function short(x) {
  if (x === 0) return '0';
  return Math.abs(x) < 0.001 ? x.toExponential(0).replaceAll('-', '−') : digits(x);
}
const signed = (x) => (x > 0 ? '+' : '') + short(x);

// The triangle of all predictions, with its lower left corner's x, its top, and its side.
function triangle(x, y, side) {
  const low = y + side * Math.sqrt(0.75);
  const corners = [[x, low], [x + side, low], [x + side / 2, y]]; // cat, dog, bird
  const at = (p) => [0, 1].map((axis) => p.reduce((sum, weight, k) => sum + weight * corners[k][axis], 0));
  const back = (px, py) => { // the probabilities whose place this is, or the nearest that are allowed
    const bird = (low - py) / (low - y);
    const dog = (px - x) / side - bird / 2;
    const inside = [1 - dog - bird, dog, bird].map((p) => Math.max(p, LEAST));
    const sum = inside.reduce((a, b) => a + b);
    return inside.map((p) => p / sum);
  };
  return { corners, low, at, back };
}

const line = (points) => `M${points.map((at) => at.map((v) => v.toFixed(1)).join(' ')).join('L')}`;

function contours(at, target, levels, n = 60) { // short pieces of the lines of equal loss, by small triangles
  const loss = (p) => -p.reduce((sum, value, k) => sum + (target[k] ? target[k] * Math.log(Math.max(value, 1e-9)) : 0), 0);
  const grid = (i, j) => { const p = [i / n, j / n, (n - i - j) / n]; return { at: at(p), loss: loss(p) }; };
  const pieces = [];
  const cross = (corners) => {
    for (const level of levels) {
      const cuts = [];
      for (const [a, b] of [[0, 1], [1, 2], [2, 0]]) {
        const [p, q] = [corners[a], corners[b]];
        if ((p.loss < level) === (q.loss < level)) continue;
        const t = (level - p.loss) / (q.loss - p.loss);
        cuts.push([0, 1].map((k) => p.at[k] + t * (q.at[k] - p.at[k])));
      }
      if (cuts.length === 2) pieces.push(cuts);
    }
  };
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; i + j < n; j += 1) {
      cross([grid(i, j), grid(i + 1, j), grid(i, j + 1)]);
      if (i + j < n - 1) cross([grid(i + 1, j), grid(i, j + 1), grid(i + 1, j + 1)]);
    }
  }
  return pieces;
}

// One line through the pieces, so that it can be dashed: predictions of less loss form a convex set around the goal.
function joined(pieces, goal, centre) {
  const towards = Math.atan2(centre[1] - goal[1], centre[0] - goal[0]);
  const angle = ([x, y]) => Math.atan2(y - goal[1], x - goal[0]) - towards;
  const turned = (at) => Math.atan2(Math.sin(angle(at)), Math.cos(angle(at)));
  return line(pieces.flat().toSorted((a, b) => turned(a) - turned(b)));
}

// Between two points, an arrow so many pixels wide, with a line of dashes that run along it.
function ribbon([x0, y0], [x1, y1], width, name) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const head = Math.min(6 + width / 2, length);
  const spot = (along, across) => [x0 + ux * along - uy * across, y0 + uy * along + ux * across];
  const half = width / 2;
  const outline = [spot(0, half), spot(length - head, half), spot(length - head, half + 4), spot(length, 0), spot(length - head, -half - 4), spot(length - head, -half), spot(0, -half)];
  return [svg('path', { d: `${line(outline)}Z`, class: `ce-${name} ce-gift` }), svg('path', { d: line([[x0, y0], spot(length - head, 0)]), class: 'ce-run', 'stroke-width': Math.max(1, width / 3) })];
}

const text = (x, y, said, more = {}) => svg('text', { x, y, ...more }, said);
const MIDDLE = { 'text-anchor': 'middle' };
const END = { 'text-anchor': 'end' };

// The classes as discs as large as their shares, and between them what each gives to another.
function exchange(x, y, width, title, probs, change, factor) {
  const view = triangle(x + 32, y + HEAD + 42, width - 64);
  const moved = gifts({ probs, change });
  const gain = [0, 1, 2].map((k) => moved.reduce((sum, { from, to, amount }) => sum + (to === k ? amount : from === k ? -amount : 0), 0));
  const radius = probs.map((p) => 4 + 24 * Math.sqrt(p));
  const parts = [text(x + width / 2, y + 14, title, MIDDLE)];
  const middle = [x + width / 2, view.low - (view.low - view.corners[2][1]) / 3];
  for (const { from, to, amount } of moved) {
    if (amount === 0) continue;
    const [a, b] = [view.corners[from], view.corners[to]];
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
    const along = (far) => [a[0] + ((b[0] - a[0]) * far) / length, a[1] + ((b[1] - a[1]) * far) / length];
    const wide = 100 * amount * factor;
    parts.push(...ribbon(along(radius[from] + 2), along(length - radius[to] - 2), Math.max(1, wide), CLASSES[from]));
    const centre = along(length / 2); // the number stands outside, away from the middle
    const off = Math.hypot(centre[0] - middle[0], centre[1] - middle[1]);
    const [ox, oy] = [(centre[0] - middle[0]) / off, (centre[1] - middle[1]) / off];
    const far = Math.min(13, wide / 2) + 5;
    parts.push(text(centre[0] + ox * far, centre[1] + oy * far + (oy > 0 ? 10 : 2), short(amount), { 'text-anchor': Math.abs(ox) < 0.1 ? 'middle' : ox < 0 ? 'end' : 'start', class: 'ce-small' }));
  }
  view.corners.forEach(([cx, cy], k) => parts.push(svg('circle', { cx, cy, r: radius[k], class: `ce-${CLASSES[k]}` })));
  CLASSES.forEach((name, k) => {
    const [cx, cy] = view.corners[k];
    const more = { ...MIDDLE, class: `ce-${name}` };
    if (k === 2) parts.push(text(cx, y + HEAD + 10, `${name} ${signed(gain[k])}`, more));
    else parts.push(text(cx, cy + 43, name, more), text(cx, cy + 58, signed(gain[k]), more));
  });
  return { parts, gain, height: view.low + 64 - y };
}

// Three by three cells: what each probability (row) does when a score (column) rises, or what that does to the loss.
function table(x, y, width, { cells, nudged }, { probs, jacobian, terms, grad }, target) {
  const left = 42;
  const lean = Math.min(70, (width - left - 112) / 2); // the lit column has more to show
  const wide = (j) => (j === nudged ? width - left - 2 * lean : lean);
  const start = (j) => x + left + [0, 1, 2].slice(0, j).reduce((sum, k) => sum + wide(k), 0);
  const slopes = cells === 'slopes';
  const shown = slopes ? terms : jacobian;
  const foot = y + ROWS.top + 3 * ROWS.each;
  const parts = [text(x + width / 2, y + 14, slopes ? 'J, each row times −y / p̂' : 'the Jacobian J = ∂p̂/∂z', MIDDLE)];
  CLASSES.forEach((name, j) => {
    const middle = start(j) + wide(j) / 2;
    const sum = shown.reduce((total, row, k) => (k === j ? total : total + row[j]), 0) + shown[j][j]; // the diagonal last: 0 is 0
    parts.push(text(middle, y + ROWS.top - 5, `z ${name}`, { ...MIDDLE, class: `ce-${name}` }));
    parts.push(text(x, y + ROWS.top + (j + 0.5) * ROWS.each - 3, `p̂ ${name}`, { class: `ce-${name}` }));
    parts.push(text(x, y + ROWS.top + (j + 0.5) * ROWS.each + 13, short(probs[j]), { class: 'ce-small' }));
    parts.push(text(middle, foot + 18, slopes ? signed(sum) : short(sum), MIDDLE));
    if (slopes) parts.push(text(middle, foot + 36, signed(grad[j]), { ...MIDDLE, class: 'ce-small' }));
  });
  parts.push(text(x, foot + 18, 'sum', { class: 'ce-small' }), text(x, foot + 36, slopes ? 'p̂ − y' : '', { class: 'ce-small' }));
  for (let i = 0; i < 3; i += 1) {
    for (let j = 0; j < 3; j += 1) {
      const [cx, cy, each] = [start(j), y + ROWS.top + i * ROWS.each, wide(j)];
      const value = shown[i][j];
      parts.push(svg('rect', { x: cx, y: cy, width: each, height: ROWS.each, class: `ce-${CLASSES[i]} ce-cell`, 'fill-opacity': (0.6 * Math.sqrt(Math.min(1, Math.abs(value)))).toFixed(3), 'data-column': j }));
      const lit = j === nudged;
      parts.push(text(cx + each / 2, cy + (lit ? (slopes ? 18 : 25) : ROWS.each / 2 + 5), signed(value), { ...MIDDLE, class: 'ce-in' }));
      if (!lit) continue;
      const p = svg('tspan', slopes ? { class: 'ce-gone' } : {}, short(probs[i]));
      const rest = ` × ${i === j ? short(1 - probs[j]) : `−${short(probs[j])}`}`;
      parts.push(svg('text', { x: cx + each / 2, y: cy + (slopes ? 51 : 43), ...MIDDLE, class: 'ce-small ce-in' }, p, rest));
      if (slopes) parts.push(svg('text', { x: cx + each / 2, y: cy + 35, ...MIDDLE, class: 'ce-small ce-in' }, `−${short(target[i])} / `, svg('tspan', { class: 'ce-gone' }, short(probs[i])), ' ×'));
    }
  }
  parts.push(svg('rect', { x: start(nudged), y: y + ROWS.top, width: wide(nudged), height: 3 * ROWS.each, class: 'ce-axis ce-bold ce-lit' }));
  return { parts, height: foot + 42 - y };
}

function render({ model, el }) {
  const race = model.get('rival').length > 0;
  const names = race ? model.get('names') : ['the prediction'];
  const keys = race ? ['logits', 'rival'] : ['logits'];
  let [width, runs, goal, timer, sign] = [640, [], '', 0, 1];
  const restart = () => { runs = keys.map((key) => [model.get(key)]); goal = String(model.get('target')); };
  restart();
  const drawing = svg('svg', { role: 'img', 'aria-label': race
    ? 'The triangle of all predictions with two paths, a dot for each step; and for each model what the classes give to one another as a step begins, per unit of its size'
    : 'The triangle of all predictions with a point, the nine cells of a Jacobian with one column lit, and arrows from class to class as wide as the cells of that column' });
  const back = svg('g'); // lines of equal loss, drawn again only where they change
  const front = svg('g');
  drawing.append(back, front);
  const centred = (p) => { const logs = p.map(Math.log); const mean = (logs[0] + logs[1] + logs[2]) / 3; return logs.map((value) => value - mean); };
  const put = (k, p) => { // a race starts again from where both models are
    stop();
    const now = Object.fromEntries(keys.map((key, j) => [key, runs[j].at(-1)]));
    change({ ...now, [keys[k]]: centred(p) });
  };
  const places = () => {
    const wide = width >= 560;
    if (race) {
      const left = wide ? width * 0.44 : width;
      const side = Math.min(left - 40, 240);
      const map = triangle((left - side) / 2, HEAD + 26, side);
      const down = wide ? Math.max(0, (map.low - 106 - ((width - left) / 2 - 74) * Math.sqrt(0.75)) / 2) : map.low + 30;
      if (width < 300) return { map, each: 200, spots: [[width / 2 - 100, down], [width / 2 - 100, down + 252]], bottom: map.low + 24 };
      const each = wide ? (width - left) / 2 - 10 : width / 2 - 6;
      return { map, each, spots: [[width - 2 * each - 12, down], [width - each, down]], bottom: map.low + 24 };
    }
    const side = wide ? 146 : Math.min(200, width - 60);
    const map = triangle(wide ? 14 : (width - side) / 2, HEAD + 26, side);
    const flows = wide ? 172 : Math.min(width, 220);
    const cells = wide ? Math.min(300, width - side - flows - 46) : Math.min(width, 330);
    const under = wide ? 0 : map.low + 34;
    const grid = [wide ? side + 18 + (width - side - 18 - flows - cells) / 2 : (width - cells) / 2, under, cells];
    return { map, grid, flows: [wide ? width - flows : (width - flows) / 2, wide ? 0 : under + ROWS.top + 3 * ROWS.each + 52, flows], bottom: map.low + 24 };
  };
  const knobs = keys.map((key, k) => grip(drawing, {
    label: race ? `The model ${names[k]}, a point of the triangle; arrow keys move it` : 'The prediction, a point of the triangle; arrow keys move it',
    move: (x, y) => put(k, places().map.back(x, y)),
    nudge: (right, up) => { const { map } = places(); const [x, y] = map.at(softmax(runs[k].at(-1))); put(k, map.back(x + 2 * right, y - 2 * up)); },
  }));
  const frame = withKnobs(drawing, knobs, (x, y) => {
    const { map, bottom } = places();
    if (x > map.corners[1][0] + 20 || y > bottom) return undefined;
    return knobs.map((knob, k) => [Math.hypot(...map.at(softmax(runs[k].at(-1))).map((v, axis) => v - [x, y][axis])), knob]).sort((a, b) => a[0] - b[0])[0][1];
  });
  const light = (k, direction = 1) => { sign = direction; change({ nudged: k }); draw(); };
  drawing.addEventListener('click', ({ target }) => { if (target.dataset?.column) light(Number(target.dataset.column)); });
  const scores = CLASSES.map((name, k) => slider(`score of the ${name}`, {
    min: -REACH, max: REACH, step: 0.1, show: (value) => digits(value, 1),
    change: (value) => {
      const old = model.get('logits');
      sign = value < old[k] ? -1 : 1;
      change({ logits: old.map((each, j) => (j === k ? value : each)), nudged: k });
    },
  }));
  scores.forEach((row, k) => row.input.addEventListener('focus', () => { if (model.get('nudged') !== k) light(k); }));
  const goals = choice('The truth', { cat: 'cat', dog: 'dog', bird: 'bird', soft: '0.7, 0.2, 0.1' }, (name) => change({ target: TARGETS[name] }));
  const kinds = choice('Show', { J: 'Jacobian', slopes: 'terms of the slope' }, (cells) => change({ cells }));
  const rate = slider('step size η', { min: 0.1, max: 4, step: 0.1, show: (value) => digits(value, 1), change: (value) => change({ rate: value }) });
  const button = (name, act) => html('button', { type: 'button', onclick: act }, name);
  const walk = () => { runs.forEach((path) => path.push(step({ logits: path.at(-1), target: model.get('target'), rate: model.get('rate') }))); };
  const over = () => runs[0].length > LIMIT || runs.every((path) => Math.hypot(...compute({ logits: path.at(-1), target: model.get('target') }).grad) < 0.02);
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = 'Play'; };
  const play = button('Play', () => {
    if (timer) { stop(); return draw(); }
    if (over()) restart();
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) { // no motion: ten steps at once
      for (let k = 0; k < 10 && !over(); k += 1) walk();
      return draw();
    }
    play.textContent = 'Pause';
    timer = setInterval(() => {
      if (!el.isConnected) return stop();
      walk();
      if (over()) stop();
      draw(!timer);
    }, 350);
  });
  play.className = 'ce-play';
  const buttons = html('div', { className: 'ce-row' }, play, button('One step', () => { stop(); walk(); draw(); }), button('Back to the start', () => { stop(); restart(); draw(); }));
  const figures = race ? names.map(() => [0, 1, 2, 3].map(() => html('td', {}))) : [];
  const head = ['', 'loss', '‖p̂−y‖²', 'p̂ bird', 'last step'].map((name) => (name ? html('th', { scope: 'col' }, name) : html('td', {})));
  const results = html('div', {}, html('table', {}, html('thead', {}, html('tr', {}, head)), html('tbody', {}, figures.map((cells, k) => html('tr', {}, html('th', { scope: 'row' }, names[k]), cells)))));
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  const moves = html('span', {}, 'rises');
  const hint = html('span', { className: 'ce-hint' }, race ? ' Drag a large dot.' : ' Drag the dot; press a column to light it.');
  const key = html('p', { className: 'ce-line ce-key' }, 'Grey lines: equal loss. Ring: the truth. ', race ? 'Dashed: the loss of the start. Dots: p̂ after each step. Arrows: who gives to whom as a step begins, per unit of its size η. Last step: how far p̂ moved in it.' : ['Large dot: p̂. Arrow: where p̂ goes as the lit score ', moves, '. Wide arrows: who gives to whom. Numbers are rounded to three digits.'], hint);
  el.append(frame, key);
  if (race) el.append(results, note, rate, html('div', { className: 'ce-row' }, buttons, goals), status);
  else el.append(note, ...scores, html('div', { className: 'ce-row' }, kinds, goals), status);

  let drawn;
  function map(view, target, levels) {
    const now = JSON.stringify([width, target, levels]);
    if (drawn !== now) {
      drawn = now;
      const goal = view.at(target);
      back.replaceChildren(
        svg('path', { d: `${line(view.corners)}Z`, class: 'ce-triangle' }),
        svg('path', { d: contours(view.at, target, LEVELS).map(line).join(''), class: 'ce-contour' }),
        ...levels.map((level) => svg('path', { d: `${joined(contours(view.at, target, [level]), goal, view.at([1 / 3, 1 / 3, 1 / 3]))}${Math.min(...target) > 0 ? 'Z' : ''}`, class: 'ce-axis ce-even' })),
        svg('circle', { cx: goal[0], cy: goal[1], r: 7, class: 'ce-axis ce-bold' }),
        ...CLASSES.map((name, k) => text(view.corners[k][0] + [-10, 2, 12][k], view.corners[k][1] + [20, 20, 2][k], name, { 'text-anchor': k === 1 ? 'end' : 'start', class: `ce-${name}` })),
      );
    }
  }

  function draw(say = true) {
    if (!el.isConnected && timer) return;
    const target = model.get('target');
    const all = places();
    const parts = [];
    const grips = []; // set once the drawing has its height
    let bottom = all.bottom;
    if (race) {
      const first = runs.map((path) => compute({ logits: path[0], target }).loss);
      map(all.map, target, Math.abs(first[0] - first[1]) < 1e-9 ? [first[0]] : []);
      const steps = runs[0].length - 1;
      parts.push(
        svg('circle', { cx: 10, cy: 10, r: 5, class: 'ce-axis ce-runner-0' }), text(20, 14, names[0]),
        svg('circle', { cx: 82, cy: 10, r: 5, class: 'ce-axis ce-runner-1' }), text(92, 14, names[1]),
      );
      const said = runs.map((path, k) => {
        const points = path.map((logits) => all.map.at(softmax(logits)));
        const found = compute({ logits: path.at(-1), target });
        const flow = exchange(...all.spots[k], all.each, `${names[k]}, per unit of η`, found.probs, found.grad.map((g) => -g), 1);
        parts.push(...flow.parts, svg('path', { d: line(points), class: 'ce-axis' }));
        points.forEach(([cx, cy], n) => parts.push(svg('circle', { cx, cy, r: n === steps ? 7 : 3.5, class: `ce-axis ce-runner-${k}` })));
        bottom = Math.max(bottom, all.spots[k][1] + flow.height);
        const before = softmax(path.at(-2) ?? path[0]);
        const size = found.grad.reduce((sum, g) => sum + g * g, 0);
        const numbers = [short(found.loss), short(size), short(found.probs[2]), steps ? short(Math.hypot(...found.probs.map((p, j) => p - before[j]))) : '–'];
        numbers.forEach((value, j) => { figures[k][j].textContent = value; });
        grips.push([...points.at(-1), found.probs[0], `${CLASSES.map((name, j) => `${name} ${digits(found.probs[j])}`).join(', ')}; loss ${digits(found.loss)} nats`]);
        const givers = flow.gain.flatMap((value, j) => (value < 0 ? [CLASSES[j]] : []));
        const getters = flow.gain.flatMap((value, j) => (value > 0 ? [CLASSES[j]] : []));
        return `${names[k]}: ${givers.join(' and ') || 'nobody'} ${givers.length > 1 ? 'lose' : 'loses'}, ${getters.join(' and ') || 'nobody'} ${getters.length > 1 ? 'gain' : 'gains'}`;
      });
      note.textContent = `After ${steps} step${steps === 1 ? '' : 's'}. As the next step begins, in ${said.join('; in ')}.`;
      rate.set(model.get('rate'));
      if (say) status.say(`${note.textContent} ${names.map((name, k) => `${name}: loss ${figures[k][0].textContent}, squared length of the gradient ${figures[k][1].textContent}`).join('; ')}.`);
    } else {
      const [nudged, cells] = [model.get('nudged'), model.get('cells')];
      const found = compute({ logits: model.get('logits'), target });
      const { probs, jacobian, terms, grad } = found;
      map(all.map, target, []);
      const point = all.map.at(probs);
      const tip = all.map.at(probs.map((p, i) => p + sign * 0.9 * jacobian[i][nudged]));
      const grid = table(...all.grid, { nudged, cells }, found, target);
      const flow = exchange(...all.flows, 'who gives to whom', probs, [0, 1, 2].map((k) => (k === nudged ? sign : 0)), 1);
      parts.push(text(all.map.corners[2][0], 14, 'the prediction p̂', MIDDLE), ...grid.parts, ...flow.parts);
      if (Math.hypot(tip[0] - point[0], tip[1] - point[1]) > 9) parts.push(...ribbon(point, tip, 3, CLASSES[nudged]).slice(0, 1));
      parts.push(svg('circle', { cx: point[0], cy: point[1], r: 8, class: 'ce-handle ce-ball' }));
      bottom = Math.max(bottom, all.grid[1] + grid.height, all.flows[1] + flow.height);
      const others = [0, 1, 2].filter((k) => k !== nudged);
      const [who, p] = [CLASSES[nudged], short(probs[nudged])];
      note.textContent = cells === 'J'
        ? `As the ${who}'s score begins to ${sign > 0 ? 'rise' : 'fall'}, the ${who} ${sign > 0 ? 'gains' : 'loses'} ${short(jacobian[nudged][nudged])} per unit. ${others.map((k) => `The ${CLASSES[k]} ${sign > 0 ? 'gives' : 'gets'} ${short(-jacobian[k][nudged])}`).join(', ').replace(', The', ', the')}: each the fraction ${p} of what it has, the ${who}'s p̂.`
        : `The ${who}'s slope is the sum of its column: ${[0, 1, 2].map((k) => signed(terms[k][nudged])).join(' ')} = ${signed(grad[nudged])}, which is p̂ − y = ${p} − ${short(target[nudged])}. In each cell the p̂ below cancels the p̂ above.`;
      moves.textContent = sign > 0 ? 'rises' : 'falls';
      scores.forEach((row, k) => row.set(model.get('logits')[k]));
      kinds.set(cells);
      grips.push([...point, probs[0], `${CLASSES.map((name, k) => `${name} ${digits(probs[k])}`).join(', ')}; loss ${digits(found.loss)} nats`]);
      if (say) status.say(note.textContent);
    }
    goals.set(Object.keys(TARGETS).find((name) => String(TARGETS[name]) === String(target)));
    drawing.setAttribute('viewBox', `0 0 ${width} ${Math.ceil(bottom)}`);
    front.replaceChildren(...parts);
    grips.forEach((place, k) => knobs[k].set(...place));
  }
  const change = bind(model, ['logits', 'rival', 'target', 'nudged', 'cells', 'rate'], () => {
    if (goal !== String(model.get('target'))) stop(); // another goal is another race
    if (goal !== String(model.get('target')) || keys.some((key, k) => String(runs[k][0]) !== String(model.get(key)))) restart();
    draw();
  });
  fit(drawing, (wanted) => { width = wanted; draw(false); });
}

dress(`
  .ce-gift { fill-opacity: 0.6; }
  .ce-run { fill: none; stroke: var(--w-paper); stroke-dasharray: 4 8; animation: ce-run 0.5s linear 5; }
  @keyframes ce-run { from { stroke-dashoffset: 12; } to { stroke-dashoffset: 0; } }
  @media (prefers-reduced-motion: reduce) { .ce-run { animation: none; } }
  .ce-cell { stroke: var(--w-rule); cursor: pointer; }
  .ce-lit, .ce-in { pointer-events: none; }
  .ce-widget svg text.ce-in { stroke: none; }
  .ce-gone { text-decoration: line-through; text-decoration-color: var(--w-wrong); fill: var(--w-wrong); }
  [data-widget="gradient_explorer"] :is(th, td) { padding-right: 0.6rem; white-space: nowrap; }
  @media (max-width: 30rem) {
    [data-widget="gradient_explorer"] table { font-size: 0.8125rem; }
    .ce-widget[data-widget="gradient_explorer"] :is(th, td) { min-width: 0; padding-right: 0.4rem; font-size: inherit; }
  }
  [data-widget="gradient_explorer"] th[scope="row"] { min-width: 2.6rem; }
  .ce-even { stroke-dasharray: 6 3; }
  .ce-runner-0 { fill: var(--w-ink); }
  .ce-runner-1 { fill: var(--w-paper); }
  @media (max-width: 30rem) { .ce-widget[data-widget="gradient_explorer"] .ce-note { min-height: 5.8em; } }
  @media (max-width: 22rem) { .ce-widget[data-widget="gradient_explorer"] table { font-size: 0.71875rem; } }
  @media (max-width: 22rem) { .ce-widget[data-widget="gradient_explorer"] .ce-note { min-height: 7.25em; } }
`);

export default widget('gradient_explorer', render);

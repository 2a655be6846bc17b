export function compute({ logits, target }) {
  const probs = softmax(logits);
  return { probs, grad: probs.map((p, k) => p - target[k]), loss: crossEntropy(logits, target) };
}

// One step of gradient descent on the logits.
export function step({ logits, target, rate }) {
  const { grad } = compute({ logits, target });
  return logits.map((z, k) => z - rate * grad[k]);
}

const CORNERS = [[40, 330], [400, 330], [220, 18]]; // cat, dog, bird
const TARGETS = { cat: [1, 0, 0], dog: [0, 1, 0], bird: [0, 0, 1], soft: [0.7, 0.2, 0.1] };
const LEVELS = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3];
const LEAST = 0.002; // as near to an edge as the point may be put by hand
const place = (p) => [0, 1].map((axis) => p.reduce((sum, weight, k) => sum + weight * CORNERS[k][axis], 0));

function weights(x, y) { // the probabilities whose place this is
  const [[ax, ay], [bx, by], [cx, cy]] = CORNERS;
  const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
  const cat = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area;
  const dog = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area;
  const inside = [cat, dog, 1 - cat - dog].map((p) => Math.max(p, LEAST));
  const sum = inside.reduce((a, b) => a + b);
  return inside.map((p) => p / sum);
}

function contours(target, n = 60) { // lines of equal loss, by small triangles
  const loss = (p) => -p.reduce((sum, value, k) => sum + (target[k] ? target[k] * Math.log(Math.max(value, 1e-9)) : 0), 0);
  const grid = (i, j) => { const p = [i / n, j / n, (n - i - j) / n]; return { at: place(p), loss: loss(p) }; };
  const path = [];
  const cross = (corners) => {
    for (const level of LEVELS) {
      const cuts = [];
      for (const [a, b] of [[0, 1], [1, 2], [2, 0]]) {
        const [p, q] = [corners[a], corners[b]];
        if ((p.loss < level) === (q.loss < level)) continue;
        const t = (level - p.loss) / (q.loss - p.loss);
        cuts.push([0, 1].map((k) => (p.at[k] + t * (q.at[k] - p.at[k])).toFixed(1)).join(' '));
      }
      if (cuts.length === 2) path.push(`M${cuts.join('L')}`);
    }
  };
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; i + j < n; j += 1) {
      cross([grid(i, j), grid(i + 1, j), grid(i, j + 1)]);
      if (i + j < n - 1) cross([grid(i + 1, j), grid(i, j + 1), grid(i + 1, j + 1)]);
    }
  }
  return path.join('');
}

function field(target, n = 9) { // where a small step downhill takes each point
  const path = [];
  for (let i = 1; i < n; i += 1) {
    for (let j = 1; i + j < n; j += 1) {
      const p = [i / n, j / n, (n - i - j) / n];
      const g = p.map((value, k) => value - target[k]);
      const mean = p.reduce((sum, value, k) => sum + value * g[k], 0);
      const [from, to] = [place(p), place(p.map((value, k) => value - 0.6 * value * (g[k] - mean)))];
      const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
      const size = Math.hypot(dx, dy);
      if (size < 1) continue;
      const [ux, uy, head] = [dx / size, dy / size, Math.min(5, size)];
      const wing = (side) => `${(to[0] - head * ux + side * 0.5 * head * uy).toFixed(1)} ${(to[1] - head * uy - side * 0.5 * head * ux).toFixed(1)}`;
      path.push(`M${from.map((v) => v.toFixed(1)).join(' ')}L${to.map((v) => v.toFixed(1)).join(' ')}M${wing(1)}L${to.map((v) => v.toFixed(1)).join(' ')}L${wing(-1)}`);
    }
  }
  return path.join('');
}

function render({ model, el }) {
  const lines = svg('path', { class: 'ce-contour' });
  const arrows = svg('path', { class: 'ce-field' });
  const trail = svg('path', { class: 'ce-trail' });
  const goal = svg('circle', { r: 6, class: 'ce-goal' });
  const dot = svg('circle', { r: 8, class: 'ce-handle' });
  const drawing = svg(
    'svg',
    { viewBox: '0 0 440 360', role: 'img', 'aria-label': 'The triangle of all predictions, with lines of equal loss and arrows downhill; a point to drag' },
    svg('path', { d: `M${CORNERS.map((c) => c.join(' ')).join('L')}Z`, class: 'ce-triangle' }),
    lines, arrows, trail, goal, dot,
    svg('text', { x: 40, y: 350, 'text-anchor': 'middle' }, 'cat'),
    svg('text', { x: 400, y: 350, 'text-anchor': 'middle' }, 'dog'),
    svg('text', { x: 236, y: 20 }, 'bird'),
  );
  const goals = choice('The truth', { cat: 'cat', dog: 'dog', bird: 'bird', soft: 'soft: 0.7, 0.2, 0.1' }, (name) => change({ target: TARGETS[name], trail: [model.get('logits')] }));
  const move = (logits) => change({ logits, trail: [logits] });
  const odds = [0, 1].map((k) => slider(`log-odds ${CLASSES[k]} : bird`, {
    min: -6, max: 6, step: 0.1, show: (value) => digits(value, 1),
    change: (value) => { const z = model.get('logits'); move(z.map((old, j) => (j === k ? z[2] + value : old))); },
  }));
  const rate = slider('step size η', { min: 0.1, max: 5, step: 0.1, show: (value) => digits(value, 1), change: (value) => change({ rate: value }) });
  const walk = (count) => {
    let logits = model.get('logits');
    const trail = [...model.get('trail')];
    for (let k = 0; k < count; k += 1) {
      logits = step({ logits, target: model.get('target'), rate: model.get('rate') });
      trail.push(logits);
    }
    change({ logits, trail });
  };
  const button = (text, act) => html('button', { type: 'button', onclick: act }, text);
  const buttons = html('div', { className: 'ce-row' }, button('Step', () => walk(1)), button('Ten steps', () => walk(10)), button('Back to the start', () => move(model.get('trail')[0])));
  const sum = html('p', { className: 'ce-line' });
  const status = speaker();
  const put = (x, y) => move(weights(x, y).map((p) => Math.log(p)));
  const frame = drag(drawing, {
    label: 'The prediction, a point of the triangle; arrow keys move it',
    move: put,
    nudge: (right, up) => { const [x, y] = place(softmax(model.get('logits'))); put(x + 2 * right, y - 2 * up); },
  });
  el.append(frame, sum, buttons, html('div', { className: 'ce-grid' }, html('div', {}, odds, rate), goals), status);
  let drawn;
  const change = bind(model, ['logits', 'target', 'rate', 'trail'], (state) => {
    const { probs, grad, loss } = compute(state);
    if (drawn !== String(state.target)) { // the background changes with the truth only
      drawn = String(state.target);
      lines.setAttribute('d', contours(state.target));
      arrows.setAttribute('d', field(state.target));
      place(state.target).forEach((value, k) => goal.setAttribute(['cx', 'cy'][k], value));
    }
    place(probs).forEach((value, k) => dot.setAttribute(['cx', 'cy'][k], value));
    frame.set(...place(probs), digits(probs[0]), `${CLASSES.map((name, k) => `${name} ${digits(probs[k])}`).join(', ')}; loss ${digits(loss)} nats`);
    const path = state.trail.map((z) => place(softmax(z)).map((v) => v.toFixed(1)).join(' '));
    trail.setAttribute('d', path.length > 1 ? `M${path.join('L')}` : '');
    goals.set(Object.keys(TARGETS).find((name) => String(TARGETS[name]) === drawn));
    odds.forEach((row, k) => row.set(state.logits[k] - state.logits[2]));
    rate.set(state.rate);
    const steps = state.trail.length - 1;
    sum.textContent = `p̂ = (${probs.map((p) => digits(p)).join(', ')}), loss ${digits(loss)} nats, gradient p̂ − y = (${grad.map((g) => digits(g)).join(', ')})${steps ? `; ${steps} step${steps > 1 ? 's' : ''}` : ''}.`;
    status.say(`Loss ${digits(loss)} nats after ${steps} steps. ${CLASSES.map((name, k) => `${name} ${digits(probs[k])}`).join(', ')}.`);
  });
}

export default widget('simplex', render);

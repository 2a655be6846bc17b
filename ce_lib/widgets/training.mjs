const [SIDE, PIXELS, D, K, SEEN] = [8, 64, 65, 10, 1000]; // D: the pixels and a constant 1; SEEN: pictures to train on
const PENALTIES = [0, 1e-4, 1e-3, 1e-2, 1e-1];

// The pictures as arrays, from one letter for each pixel (0 to g: 0 to 16 units of ink) and each label.
export function unpack({ inks, labels }) {
  const part = (from, to) => {
    const x = new Float64Array((to - from) * D).fill(1);
    for (let i = from; i < to; i += 1) for (let j = 0; j < PIXELS; j += 1) x[(i - from) * D + j] = parseInt(inks[i * PIXELS + j], 17) / 16;
    return { x, labels: Array.from(labels.slice(from, to), Number) };
  };
  const seen = part(0, SEEN);
  const inner = new Float64Array(D * D); // x xᵀ, summed
  for (let i = 0; i < SEEN; i += 1) for (let a = 0; a < D; a += 1) for (let b = 0; b < D; b += 1) inner[a * D + b] += seen.x[i * D + a] * seen.x[i * D + b];
  let v = new Float64Array(D).fill(1);
  let largest; // eigenvalue, by power iteration: the next one is 17 times smaller
  for (let k = 0; k < 40; k += 1) {
    const next = v.map((_, a) => v.reduce((sum, value, b) => sum + value * inner[a * D + b], 0));
    largest = Math.hypot(...next);
    v = next.map((value) => value / largest);
  }
  return { seen, heldOut: part(SEEN, labels.length), bound: largest / SEEN / 2 };
}

// The scores of one picture of `x`, into z; returns the class that leads.
function scores(W, x, i, z) {
  let best = 0;
  for (let k = 0; k < K; k += 1) {
    let sum = 0;
    for (let j = 0; j < D; j += 1) sum += W[k * D + j] * x[i * D + j];
    z[k] = sum;
    if (sum > z[best]) best = k;
  }
  return best;
}

// Mean loss and share of right answers; the gradient and the penalised loss, too, where there is a penalty.
export function evaluate(W, { x, labels }, penalty) {
  const z = new Float64Array(K);
  const gradient = penalty === undefined ? null : new Float64Array(K * D);
  let [loss, right] = [0, 0];
  for (let i = 0; i < labels.length; i += 1) {
    const best = scores(W, x, i, z);
    const [top, c] = [z[best], labels[i]];
    let total = 0;
    const own = z[c] - top;
    for (let k = 0; k < K; k += 1) total += (z[k] = Math.exp(z[k] - top));
    loss += Math.log(total) - own;
    right += best === c;
    if (!gradient) continue;
    for (let k = 0; k < K; k += 1) {
      const g = z[k] / total - (k === c);
      for (let j = 0; j < D; j += 1) gradient[k * D + j] += g * x[i * D + j];
    }
  }
  const found = { loss: loss / labels.length, right: right / labels.length };
  if (!gradient) return found;
  let squares = 0;
  for (let e = 0; e < K * D; e += 1) {
    const w = e % D < PIXELS ? W[e] : 0; // no penalty on the biases
    gradient[e] = gradient[e] / labels.length + penalty * w;
    squares += w * w;
  }
  return { ...found, penalised: found.loss + (penalty / 2) * squares, gradient, size: Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0)) };
}

// Newton's step: the Hessian's lower half, by Cholesky's method. It yields now and then, so that the page stays awake.
function* solve(W, { x, labels }, penalty, gradient) {
  const [N, n] = [labels.length, K * D];
  const [H, p, z] = [new Float64Array(n * n), new Float64Array(N * K), new Float64Array(K)];
  const inked = [];
  for (let i = 0; i < N; i += 1) {
    scores(W, x, i, z);
    softmax(Array.from(z)).forEach((value, k) => { p[i * K + k] = value; });
    inked.push(Array.from({ length: D }, (_, a) => a).filter((a) => x[i * D + a]));
  }
  for (let j = 0; j < K; j += 1) {
    for (let k = 0; k <= j; k += 1) {
      for (let i = 0; i < N; i += 1) {
        const weight = (p[i * K + j] * ((j === k) - p[i * K + k])) / N;
        for (const a of inked[i]) {
          const scaled = weight * x[i * D + a];
          const row = (j * D + a) * n + k * D;
          for (const b of inked[i]) { if (b > a) break; H[row + b] += scaled * x[i * D + b]; }
        }
      }
      for (let a = 0; a < D; a += 1) for (let b = 0; b < a; b += 1) H[(j * D + b) * n + k * D + a] = H[(j * D + a) * n + k * D + b];
      yield;
    }
  }
  for (let j = 0; j < K; j += 1) {
    for (let a = 0; a < PIXELS; a += 1) H[(j * D + a) * (n + 1)] += penalty;
    for (let k = 0; k <= j; k += 1) H[(j * D + PIXELS) * n + k * D + PIXELS] += 1; // the biases' common shift
  }
  const step = gradient.map((g) => -g);
  for (let r = 0; r < n; r += 1) {
    for (let c = 0; c <= r; c += 1) {
      let sum = H[r * n + c];
      for (let k = 0; k < c; k += 1) sum -= H[r * n + k] * H[c * n + k];
      if (c < r) H[r * n + c] = sum / H[c * n + c];
      else if (sum > 0) H[r * n + r] = Math.sqrt(sum);
      else return null; // the matrix has no inverse
    }
    for (let k = 0; k < r; k += 1) step[r] -= H[r * n + k] * step[k];
    step[r] /= H[r * n + r];
    if (r % 20 === 0) yield;
  }
  for (let r = n - 1; r >= 0; r -= 1) {
    step[r] /= H[r * n + r];
    for (let k = 0; k < r; k += 1) step[k] -= H[r * n + k] * step[r];
  }
  return step;
}

// One step of training from W: a generator, which returns the new weights, or null where there is no step.
function* advance(W, { seen, bound }, { method, penalty, scale }) {
  const { penalised, gradient, size } = evaluate(W, seen, penalty);
  if (method === 'descent') return W.map((w, e) => w - (2 ** scale / (bound + penalty)) * gradient[e]);
  if (size < 1e-12) return null;
  const step = yield* solve(W, seen, penalty, gradient);
  if (!step) return null;
  const along = step.reduce((sum, value, e) => sum + value * gradient[e], 0);
  for (let t = 1; ; t /= 2) { // backtracking; 1e-12 leaves room for rounding
    const next = W.map((w, e) => w + t * step[e]);
    if (evaluate(next, seen, penalty).penalised <= penalised + (t / 4) * along + 1e-12) return next;
    yield;
  }
}

// What so many steps lead to, all at once: the penalised loss before each step and at the end, and the weights.
export function train({ digits, weights, steps, ...settings }) {
  const data = unpack(digits);
  let W = Float64Array.from(weights);
  const losses = [evaluate(W, data.seen, settings.penalty).penalised];
  for (let k = 0; k < steps; k += 1) {
    const work = advance(W, data, settings);
    let turn = work.next();
    while (!turn.done) turn = work.next();
    W = turn.value;
    losses.push(evaluate(W, data.seen, settings.penalty).penalised);
  }
  return { losses, weights: Array.from(W), bound: data.bound, heldOut: evaluate(W, data.heldOut) };
}

// One picture: what each pixel adds to each score, the scores, their softmax, and the loss of the digit meant.
export function compute({ weights, picture, meant }) {
  const products = Array.from({ length: K }, (_, k) => picture.map((ink, j) => (weights[k * D + j] * ink) / 16));
  const z = products.map((row, k) => row.reduce((sum, value) => sum + value, 0) + weights[k * D + PIXELS]);
  return { products, z, probs: softmax(z), loss: crossEntropy(z, z.map((_, k) => Number(k === meant))) };
}

// Ink by a round pen from one place to another, in pixels: a pixel is 4 x 4 dots, as in the data.
const [DOTS, PEN] = [4, 0.62];
function stroke(dots, [x0, y0], [x1, y1]) {
  const length = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  for (let r = 0; r < SIDE * DOTS; r += 1) {
    for (let c = 0; c < SIDE * DOTS; c += 1) {
      const [x, y] = [(c + 0.5) / DOTS, (r + 0.5) / DOTS];
      const t = length ? Math.max(0, Math.min(1, ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length)) : 0;
      if (Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)) <= PEN) dots.add(r * SIDE * DOTS + c);
    }
  }
}

// The data: on the page a file beside this module, in a notebook from the kernel; only when asked for.
async function fetchDigits(model) {
  if (!model.send) {
    const answer = await fetch(new URL('digits.json', import.meta.url));
    if (!answer.ok) throw new Error(`the server said ${answer.status}`);
    return answer.json();
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the kernel does not answer')), 20_000);
    model.on('msg:custom', (message) => {
      if (!message.inks) return;
      clearTimeout(timer);
      resolve(message);
    });
    model.send({ want: 'digits' });
  });
}

dress(`
  .ce-digit { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) minmax(0, 1.05fr); gap: 0.5rem 1.1rem; align-items: start; }
  .ce-digit figure { position: relative; margin: 0; }
  .ce-digit figcaption { color: var(--w-quiet); }
  .ce-widget .ce-pixels { max-width: none; margin: 0 0 0.3rem; border: 1px solid var(--w-quiet); border-radius: 2px; }
  .ce-ink { fill: var(--w-ink); }
  .ce-at { fill: none; stroke: var(--w-accent); stroke-width: 0.12; visibility: hidden; }
  .ce-pad { position: absolute; inset: 0 0 auto; aspect-ratio: 1; touch-action: none; cursor: crosshair; border-radius: 2px; }
  .ce-pad:focus-visible { outline: 3px solid var(--w-accent); }
  .ce-pad:focus-visible + svg .ce-at { visibility: visible; }
  .ce-widget .ce-classes { width: 100%; table-layout: fixed; font-size: 0.875rem; }
  .ce-widget .ce-classes :is(th, td) { padding: 0 0 0 0.3rem; border: 0; }
  .ce-classes thead { white-space: nowrap; }
  .ce-classes th:first-child { width: 2.2rem; padding: 0 !important; }
  .ce-classes td { position: relative; text-align: right !important; }
  .ce-classes td i { position: absolute; top: 12%; bottom: 12%; background: var(--cat, #0072b2); opacity: 0.45; }
  .ce-classes td i.ce-minus { background: var(--dog, #d55e00); }
  .ce-classes td span { position: relative; white-space: nowrap; }
  .ce-widget .ce-classes button { width: 2rem; min-width: 0; height: 1.6rem; min-height: 0; padding: 0; }
  @media (pointer: coarse) { .ce-widget .ce-classes button { height: 2.75rem; } }
  .ce-classes tr.ce-answer { font-weight: 700; }
  .ce-classes tr.ce-missed { color: var(--w-wrong); }
  .ce-widget button[aria-pressed="true"] { border-color: var(--w-accent); box-shadow: inset 0 0 0 1px var(--w-accent); }
  @media print { .ce-later:not(:has(.ce-curve)) { display: none; } }
  [data-widget="training"] .ce-play { min-width: 8.4rem; } /* as wide as its longest name */
  .ce-shots { display: flex; gap: 0.4rem; min-height: 5.4rem; overflow-x: auto; align-items: start; }
  .ce-widget .ce-shots button { flex: none; width: 3.6rem; padding: 0.2rem; font-size: 0.75rem; line-height: 1.2; white-space: nowrap; }
  .ce-widget .ce-shots svg { width: 2.2rem; margin: 0 auto 0.1rem; }
  .ce-shots p { flex: none; width: 6.6rem; }
  .ce-shots p:only-child { width: auto; }
  .ce-widget.ce-widget .ce-ask { flex: initial; align-self: center; width: auto; padding: 0.25rem 0.7rem; font-size: inherit; white-space: normal; }
  [data-widget="training"] .ce-slider { grid-template-columns: minmax(3.2rem, max-content) minmax(12rem, 1fr) 11rem; white-space: nowrap; }
  @media (max-width: 30rem) {
    .ce-digit { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 0.4rem 0.7rem; }
    .ce-digit figure:first-child { grid-column: 1 / -1; width: 15rem; margin: 0 auto; }
    [data-widget="training"] .ce-slider { grid-template-columns: minmax(0, 1fr) max-content; }
    [data-widget="training"].ce-widget.ce-widget .ce-note { min-height: 5.8em; }
    .ce-widget .ce-classes { font-size: 0.8125rem; }
  }
  @media (max-width: 22rem) { .ce-classes thead { font-size: 0.6875rem; } [data-widget="training"].ce-widget.ce-widget .ce-note { min-height: 7.25em; } }
`);

const cells = () => Array.from({ length: PIXELS }, (_, j) => svg('rect', { x: j % SIDE, y: Math.floor(j / SIDE), width: 1, height: 1 }));
const frame = (...children) => svg('svg', { viewBox: `0 0 ${SIDE} ${SIDE}`, class: 'ce-pixels', 'aria-hidden': 'true' }, children);
const filled = (weights) => (weights.length ? Float64Array.from(weights) : new Float64Array(K * D));
const a = (digit) => `${digit === 8 ? 'an' : 'a'} ${digit}`;
const short = (x) => { // in seven characters
  const size = Math.abs(x);
  const text = size < 0.005 ? '0.00' : size < 1e5 ? x.toFixed(size < 100 ? 2 : 0) : Number.isFinite(x) ? x.toPrecision(2) : digits(x);
  return text.replace('e+', 'e').replaceAll('-', '−');
};
const percent = (share) => `${(100 * share).toFixed(1)}%`;

function render({ model, el }) {
  let data = null; // once it has been asked for
  let work = null; // the step under way
  let [playing, halted] = [false, '']; // and why training stopped by itself
  let history = []; // of the losses, from the weights 0 on
  let W = filled(model.get('weights')); // what is drawn: the model's, until training starts
  const seen = () => ({ weights: Array.from(W), picture: model.get('picture'), meant: model.get('meant') });

  // The drawing
  const ink = cells();
  const mark = svg('rect', { width: 1, height: 1, class: 'ce-at' });
  const pad = html('div', { className: 'ce-pad', tabIndex: 0, role: 'application', 'aria-label': 'Your digit, 8 by 8 pixels: draw, or move with the arrow keys and press space for ink' });
  let at = 0;
  let dots = new Set();
  let [base, last] = [null, null];
  const place = (event) => {
    const { left, top, width } = pad.getBoundingClientRect();
    return [(event.clientX - left) / (width / SIDE), (event.clientY - top) / (width / SIDE)];
  };
  const put = (picture) => change({ picture });
  const draw = (event) => {
    const to = place(event);
    stroke(dots, last ?? to, to);
    last = to;
    const counts = new Array(PIXELS).fill(0);
    for (const dot of dots) counts[Math.floor(dot / (SIDE * DOTS * DOTS)) * SIDE + Math.floor((dot % (SIDE * DOTS)) / DOTS)] += 1;
    put(base.map((before, j) => Math.max(before, counts[j])));
  };
  pad.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    event.preventDefault();
    pad.focus({ preventScroll: true, focusVisible: false });
    pad.setPointerCapture(event.pointerId);
    [dots, base, last] = [new Set(), model.get('picture'), null];
    draw(event);
  });
  pad.addEventListener('pointermove', (event) => { if (pad.hasPointerCapture(event.pointerId)) draw(event); });
  const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  pad.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in MOVES || event.key === ' ')) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === ' ') return put(model.get('picture').map((value, j) => (j === at ? 16 * (value < 8) : value)));
    const [right, down] = MOVES[event.key];
    at = SIDE * Math.max(0, Math.min(SIDE - 1, Math.floor(at / SIDE) + down)) + Math.max(0, Math.min(SIDE - 1, (at % SIDE) + right));
    where();
    status.say(`Row ${Math.floor(at / SIDE) + 1}, column ${(at % SIDE) + 1}: ${model.get('picture')[at]} of 16 ink`);
  });
  const where = () => { mark.setAttribute('x', at % SIDE); mark.setAttribute('y', Math.floor(at / SIDE)); };
  where();

  // Weights times ink, and the ten classes
  const [tints, lights] = [cells(), cells()];
  const formula = html('figcaption', {});
  const rows = Array.from({ length: K }, (_, k) => {
    const [z, p] = [0, 1].map(() => html('td', {}, html('i', {}), html('span', {})));
    const button = html('button', { type: 'button', 'aria-label': `Show the weights of class ${k}`, onclick: () => change({ shown: k }) }, String(k));
    return html('tr', {}, html('th', { scope: 'row' }, button, html('span', { className: 'ce-still' }, String(k))), z, p);
  });
  const head = html('tr', {}, ['digit', 'score', 'p̂'].map((name, k) => html('th', { scope: 'col', style: k ? 'text-align: right' : '' }, name)));
  const table = html('table', { className: 'ce-classes', 'aria-label': 'Score and probability of each class' }, html('thead', {}, head), html('tbody', {}, rows));
  const meant = choice('true digit', Object.fromEntries(rows.map((_, k) => [k, String(k)])), (value) => change({ meant: Number(value), shown: Number(value) }));
  meant.classList.add('ce-tight');

  // Training
  const settings = () => ({ method: model.get('method'), penalty: model.get('penalty'), scale: model.get('scale') });
  const stepSize = () => {
    const { scale, penalty } = settings();
    const times = { '-2': '¼', '-1': '½' }[scale] ?? 2 ** scale;
    if (settings().method === 'Newton') return 'not used';
    return `${times} / (M + λ) = ${digits(2 ** scale / (model.get('bound') + penalty))}`;
  };
  const methods = choice('method', { descent: 'gradient descent', Newton: 'Newton, damped' }, (method) => change({ method }));
  const penalties = choice('penalty λ', Object.fromEntries(PENALTIES.map((value) => [value, String(value)])), (value) => change({ penalty: Number(value) }));
  const rate = slider('step size η', { min: -2, max: 8, step: 1, change: (scale) => change({ scale }) });
  const button = (text, act) => html('button', { type: 'button', onclick: act }, text);
  const idle = () => (!history.length && W.some((w) => w) ? 'Train from zero' : 'Train'); // what a press would do to the weights
  const play = button('Train', () => (playing ? pause() : asked(() => { playing = true; play.textContent = 'Pause'; shots(); status.say('Training has begun.'); said = performance.now(); requestAnimationFrame(tick); })));
  play.className = 'ce-play';
  const once = button('One step', () => asked(() => { pause(); finish(); }));
  const back = button('Bring the weights back', () => { pause(); [W, history, work, halted] = [filled(model.get('weights')), [], null, '']; shots(); show(); });
  const buttons = html('div', { className: 'ce-row' }, play, once, button('Reset to zero', () => asked(() => { pause(); begin(); shots(); show(); })), back);
  const note = html('p', { className: 'ce-line ce-note' });
  const strip = html('div', { className: 'ce-shots', role: 'group', 'aria-label': 'Mistakes on the held-out pictures' });
  const curve = svg('svg', { class: 'ce-later', role: 'img', 'aria-label': 'The loss on training and held-out pictures against the steps' });
  const status = speaker();
  let width = 640;

  // Fetch the pictures if need be, then act.
  async function asked(act) {
    try {
      if (!data) {
        note.textContent = 'Fetching the 1,797 pictures (45 KB) …';
        data = unpack(await fetchDigits(model));
      }
      act();
    } catch (error) {
      note.textContent = `The pictures could not be fetched: ${error.message}. Press again to retry.`;
      status.say(note.textContent);
    }
  }
  function begin() {
    W = new Float64Array(K * D);
    [work, halted, history] = [null, '', []];
    record();
  }
  function record() {
    const { loss, right, size } = evaluate(W, data.seen, model.get('penalty'));
    const held = evaluate(W, data.heldOut);
    history.push({ loss, right, size, newLoss: held.loss, newRight: held.right });
    if (!Number.isFinite(loss + held.loss)) halted = 'Diverged: the weights have left the range of float64.';
  }
  // A part of a step; true when the step is complete, or there is none.
  function turn() {
    if (!history.length) begin();
    if (halted || stuck()) return true;
    work ??= advance(W, data, settings());
    const { done, value } = work.next();
    if (!done) return false;
    work = null;
    if (value) {
      W = value;
      record();
    } else halted = history.at(-1).size < 1e-12 ? 'The gradient is 0 to twelve digits: this is the minimum.' : 'The matrix has no inverse in float64.';
    return true;
  }
  const stuck = () => model.get('method') === 'Newton' && !model.get('penalty');
  function finish() {
    while (!turn());
    shots();
    show();
  }
  function pause() {
    playing = false;
    shots();
    show();
  }
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  let [shown, rest, said] = [0, 0, 0]; // when it was drawn last; when the next Newton step may begin; when a screen reader was told
  function tick(now) {
    if (!playing || !el.isConnected) return;
    let steps = 0;
    const end = performance.now() + 12; // of each frame's 16 ms; the first steps one a frame
    while (now > rest && performance.now() < end && !halted && !(steps && (history.length < 60 || model.get('method') === 'Newton'))) steps += turn();
    if (steps && model.get('method') === 'Newton') rest = now + 500;
    if (halted) pause();
    if (halted || (steps && (!calm.matches || now - shown > 1000))) { shown = now; show(); }
    if (playing && now - said > 5000) { said = now; status.say(note.textContent); }
    requestAnimationFrame(tick);
  }

  // The surest mistakes, once training rests.
  function shots() {
    if (!data || playing) {
      strip.replaceChildren(data ? html('p', { className: 'ce-line' }, 'Pause to see the mistakes.') : Object.assign(button('Show its mistakes on held-out pictures', () => asked(() => { shots(); show(); })), { className: 'ce-ask' }));
      return;
    }
    const { x, labels } = data.heldOut;
    const z = new Float64Array(K);
    const wrong = labels.flatMap((label, i) => {
      const said = scores(W, x, i, z);
      return said === label ? [] : [{ i, label, said, p: softmax(Array.from(z))[said] }];
    }).sort((a, b) => b.p - a.p);
    strip.setAttribute('aria-label', `${wrong.length} mistakes on ${labels.length} held-out pictures, the surest first: true digit, answer, its probability`);
    strip.replaceChildren(html('p', { className: 'ce-line' }, `${wrong.length} of ${labels.length} wrong, the surest first:`), ...wrong.slice(0, 12).map(({ i, label, said, p }) => {
      const picture = Array.from({ length: PIXELS }, (_, j) => 16 * x[i * D + j]);
      const load = button('', () => change({ picture, meant: label, shown: said }));
      load.title = `${label}, called ${said} with ${digits(p, 2)}: put it into the drawing`;
      load.append(frame(...cells().map((cell, j) => { cell.setAttribute('class', 'ce-ink'); cell.setAttribute('fill-opacity', picture[j] / 16); return cell; })), html('span', {}, `${label} → ${said}`), html('br', {}), html('span', {}, digits(p, 2)));
      return load;
    }));
    if (!wrong.length) strip.replaceChildren(html('p', { className: 'ce-line' }, 'No mistakes.'));
  }

  function plot() {
    const [left, top, bottom] = [46, 24, 130];
    const right = width - 12;
    curve.setAttribute('viewBox', `0 0 ${width} 150`);
    const finite = history.filter(({ loss, newLoss }) => Number.isFinite(loss + newLoss));
    const all = finite.flatMap(({ loss, newLoss }) => [loss, newLoss]);
    const [low, high] = [Math.floor(Math.log10(Math.max(1e-12, Math.min(0.1, ...all)))), Math.ceil(Math.log10(Math.max(9, ...all)) - 1e-9)];
    const count = [10, 20, 50].flatMap((n) => [n, 10 * n, 100 * n, 1000 * n, 1e4 * n]).sort((a, b) => a - b).find((n) => n >= finite.length - 1) ?? finite.length;
    const x = (k) => left + ((right - left) * k) / count;
    const y = (value) => bottom - ((bottom - top) * (Math.log10(Math.max(value, 1e-12)) - low)) / (high - low);
    const every = Math.max(1, Math.floor(finite.length / 400));
    const path = (key) => finite.map((each, k) => (k % every && k < finite.length - 1 ? '' : `${x(k).toFixed(1)} ${y(each[key]).toFixed(1)}`)).filter(Boolean).join('L');
    const ticks = [low, high, ...(low < 0 && high > 0 ? [0] : [])].map((power) => [power, Math.abs(power) < 4 ? String(Number(`1e${power}`)) : `1e${power}`.replace('-', '−')]);
    curve.replaceChildren(
      svg('path', { d: `M${left} ${top}V${bottom}H${right}`, class: 'ce-axis' }),
      ...ticks.map(([power, text]) => svg('text', { x: left - 5, y: y(10 ** power) + 4, 'text-anchor': 'end', class: 'ce-small' }, text)),
      svg('text', { x: left, y: 13 }, 'loss (nats)'),
      svg('text', { x: right - 62, y: 13, 'text-anchor': 'end', class: 'ce-cat' }, 'training'),
      svg('text', { x: right, y: 13, 'text-anchor': 'end', class: 'ce-dog' }, 'held out'),
      svg('text', { x: left, y: bottom + 16, 'text-anchor': 'middle', class: 'ce-small' }, '0'),
      svg('text', { x: right, y: bottom + 16, 'text-anchor': 'end', class: 'ce-small' }, `${count.toLocaleString('en')} steps`),
    );
    if (!history.length) curve.append(svg('text', { x: (left + right) / 2, y: (top + bottom) / 2 + 4, 'text-anchor': 'middle', class: 'ce-small' }, 'No step yet: press Train from zero.'));
    if (!finite.length) return;
    const end = finite.length - 1;
    curve.append(
      svg('path', { d: `M${path('newLoss')}`, class: 'ce-trail' }), svg('path', { d: `M${path('loss')}`, class: 'ce-curve' }),
      svg('circle', { cx: x(end), cy: y(finite[end].newLoss), r: 3.5, class: 'ce-dog' }), svg('circle', { cx: x(end), cy: y(finite[end].loss), r: 3.5, class: 'ce-cat' }),
    );
  }

  function show() {
    const [picture, k, digit] = ['picture', 'shown', 'meant'].map((name) => model.get(name));
    const { products, z, probs, loss } = compute(seen());
    const own = W.subarray(k * D, k * D + PIXELS);
    const size = own.reduce((most, w) => Math.max(most, Math.abs(w)), 0) || 1;
    picture.forEach((value, j) => {
      ink[j].setAttribute('fill-opacity', value / 16);
      const side = Math.sqrt(value / 16); // the lit area is the ink
      tints[j].setAttribute('class', own[j] > 0 ? 'ce-cat' : 'ce-dog');
      tints[j].setAttribute('fill-opacity', (0.3 * Math.abs(own[j])) / size || 0);
      Object.entries({ x: (j % SIDE) + (1 - side) / 2, y: Math.floor(j / SIDE) + (1 - side) / 2, width: side, height: side, class: own[j] > 0 ? 'ce-cat' : 'ce-dog', 'fill-opacity': Math.abs(own[j]) / size || 0 }).forEach(([name, value_]) => lights[j].setAttribute(name, value_));
    });
    const bias = W[k * D + PIXELS];
    formula.textContent = `Class ${k}: weights × ink ${short(z[k] - bias)}, bias ${short(bias)}`;
    const reach = Math.max(1, ...z.map(Math.abs)) || 1;
    const best = z.indexOf(Math.max(...z));
    const equal = z.every((value) => value === z[0]);
    rows.forEach((row, c) => {
      row.classList.toggle('ce-answer', c === best && z[best] > Math.min(...z));
      row.classList.toggle('ce-missed', c === best && !equal && best !== digit);
      row.querySelector('button').setAttribute('aria-pressed', c === k);
      const [score, share] = row.querySelectorAll('td');
      const half = (22 * Math.abs(z[c])) / reach || 0; // the zero is at 22% of the cell's width
      score.firstChild.style.cssText = z[c] < 0 ? `right: 78%; width: ${half}%` : `left: 22%; width: ${half}%`;
      score.firstChild.className = z[c] < 0 ? 'ce-minus' : '';
      score.lastChild.textContent = short(z[c]);
      share.firstChild.style.cssText = `left: 8%; width: ${40 * probs[c] || 0}%`;
      share.lastChild.textContent = probs[c] < 0.001 ? '<0.001' : digits(probs[c]);
    });
    const answer = equal ? 'All scores are equal' : `Answer ${best}, with ${digits(probs[best])}`;
    caption.replaceChildren(answer, ...(equal ? [] : [': ', html('b', { className: best === digit ? 'ce-right' : 'ce-wrong' }, best === digit ? 'right' : 'wrong')]), ` if ${a(digit)} is meant; loss ${digits(loss)} nats`);
    const now = history.at(-1);
    const n = history.length - 1;
    const reason = 'Newton’s method needs a penalty λ here: without it the matrix has no inverse.';
    play.disabled = once.disabled = stuck();
    if (!playing) play.textContent = idle();
    back.style.visibility = history.length && model.get('weights').some((w) => w) ? 'visible' : 'hidden';
    note.textContent = !now ? (stuck() ? reason : model.get('weights').length ? 'The weights shown are already trained. Training starts again, from zero weights; these can be brought back.' : 'All weights are zero.')
      : `After ${n.toLocaleString('en')} step${n === 1 ? '' : 's'}: training loss ${digits(now.loss)}, ${percent(now.right)} right; held out ${digits(now.newLoss)}, ${percent(now.newRight)} right. Gradient ${digits(now.size)}. ${stuck() ? reason : halted}`;
    meant.set(digit);
    methods.set(model.get('method'));
    penalties.set(model.get('penalty'));
    rate.set(model.get('scale'), stepSize());
    rate.input.disabled = model.get('method') === 'Newton';
    plot();
    if (!playing) status.say(`${caption.textContent}. ${now ? note.textContent : ''}`);
  }

  const caption = html('p', { className: 'ce-line ce-two' });
  const clear = button('Clear and draw', () => put(new Array(PIXELS).fill(0)));
  ink.forEach((cell) => cell.setAttribute('class', 'ce-ink'));
  el.append(
    html('div', { className: 'ce-digit' }, html('figure', {}, pad, frame(ink, mark), clear), html('figure', {}, frame(tints, lights), formula), table),
    html('p', { className: 'ce-line ce-key' }, 'Second picture: the weights of one class; blue adds to its score, orange takes off. Inner square: its area is the ink.'), meant, caption, html('div', { className: 'ce-row' }, methods, penalties), rate, html('p', { className: 'ce-line ce-key ce-hint' }, `M = ${digits(model.get('bound'))}: the largest curvature of the loss is at most this.`), buttons, curve, note, strip, status,
  );
  let given = String(model.get('weights'));
  const change = bind(model, ['picture', 'meant', 'shown', 'weights', 'method', 'penalty', 'scale'], () => {
    if (playing && stuck()) pause();
    halted = halted.startsWith('Diverged') ? halted : '';
    if (String(model.get('weights')) !== given) { // set from a notebook
      given = String(model.get('weights'));
      [W, history, work] = [filled(model.get('weights')), [], null];
      shots();
    }
    show();
  });
  shots();
  fit(curve, (wanted) => { width = wanted; plot(); });
}

export default widget('training', render);

const SHADES = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-';
const WIDTH = 8; // pixels of a picture's side
const PLACE = { left: 46, right: 432, top: 200, bottom: 300 }; // of the curve

// One stored step: its numbers, and its weights from -1 to 1 in rows of a class each.
export function compute({ runs, run, at }) {
  const found = runs[run];
  const weights = Array.from(found.weights[at], (letter) => (SHADES.indexOf(letter) - 31) / 31);
  const classes = Array.from({ length: weights.length / WIDTH ** 2 }, (_, k) => weights.slice(k * WIDTH ** 2, (k + 1) * WIDTH ** 2));
  const [steps, loss, right, newLoss, newRight, largest] = ['steps', 'loss', 'right', 'newLoss', 'newRight', 'largest'].map((key) => found[key][at]);
  return { classes, steps, loss, right, newLoss, newRight, largest };
}

function render({ model, el }) {
  const pixels = Array.from({ length: 10 }, (_, k) => Array.from({ length: WIDTH ** 2 }, (__, j) => svg('rect', {
    x: 8 + 87 * (k % 5) + 9 * (j % WIDTH), y: 18 + 92 * Math.floor(k / 5) + 9 * Math.floor(j / WIDTH), width: 9, height: 9,
  })));
  const frames = pixels.map((_, k) => svg('rect', { x: 8 + 87 * (k % 5), y: 18 + 92 * Math.floor(k / 5), width: 72, height: 72, class: 'ce-triangle' }));
  const names = pixels.map((_, k) => svg('text', { x: 8 + 87 * (k % 5), y: 14 + 92 * Math.floor(k / 5), class: 'ce-small' }, String(k)));
  const curve = svg('path', { class: 'ce-curve' });
  const fresh = svg('path', { class: 'ce-trail' });
  const here = svg('path', { class: 'ce-rule' });
  const dots = [svg('circle', { r: 5, class: 'ce-cat' }), svg('circle', { r: 5, class: 'ce-dog' })];
  const marks = svg('g', {});
  const drawing = svg(
    'svg',
    { viewBox: '0 0 440 330', role: 'img', 'aria-label': 'The weights of the ten classes as pictures, and below them the loss on the training pictures and on the held-out pictures, step by step' },
    pixels, frames, names, here, curve, fresh, dots, marks,
    svg('path', { d: `M${PLACE.left} ${PLACE.top}V${PLACE.bottom}H${PLACE.right}`, class: 'ce-axis' }),
    svg('text', { x: PLACE.left - 6, y: PLACE.top + 8, 'text-anchor': 'end', class: 'ce-small' }, 'loss'),
    svg('text', { x: PLACE.right, y: PLACE.top + 8, 'text-anchor': 'end', class: 'ce-small ce-dog' }, 'held out'),
    svg('text', { x: PLACE.right, y: PLACE.top + 26, 'text-anchor': 'end', class: 'ce-small ce-cat' }, 'training'),
  );
  const row = slider('step', { min: 0, max: 1, step: 1, change: (at) => change({ at }) });
  const options = Object.fromEntries(model.get('runs').map(({ name }, k) => [k, name]));
  const runs = choice('Run', options, (k) => change({ at: Math.min(model.get('at'), model.get('runs')[k].steps.length - 1), run: Number(k) }));
  const line = html('p', { className: 'ce-line' });
  const status = speaker();
  el.append(runs, drawing, row, line, status);
  let drawn;
  const change = bind(model, ['runs', 'run', 'at'], (state) => {
    const found = compute(state);
    const { steps, loss, newLoss } = state.runs[state.run];
    const x = (k) => PLACE.left + 12 + (PLACE.right - PLACE.left - 24) * k / (steps.length - 1);
    const top = Math.log1p(Math.max(...loss, ...newLoss));
    const y = (value) => PLACE.bottom - (PLACE.bottom - PLACE.top) * Math.log1p(value) / top;
    found.classes.forEach((weights, k) => weights.forEach((weight, j) => {
      pixels[k][j].setAttribute('class', weight > 0 ? 'ce-cat' : 'ce-dog');
      pixels[k][j].setAttribute('fill-opacity', Math.abs(weight).toFixed(2));
    }));
    if (drawn !== state.run) { // the curves change with the run only
      drawn = state.run;
      const path = (values) => `M${values.map((value, k) => `${x(k).toFixed(1)} ${y(value).toFixed(1)}`).join('L')}`;
      curve.setAttribute('d', path(loss));
      fresh.setAttribute('d', path(newLoss));
      marks.replaceChildren(...steps.map((count, k) => svg('text', { x: x(k), y: PLACE.bottom + 18, 'text-anchor': 'middle', class: 'ce-small' }, String(count))));
    }
    here.setAttribute('d', `M${x(state.at)} ${PLACE.top}V${PLACE.bottom}`);
    [found.loss, found.newLoss].forEach((value, k) => { dots[k].setAttribute('cx', x(state.at)); dots[k].setAttribute('cy', y(value)); });
    row.input.max = steps.length - 1;
    row.set(state.at, String(found.steps));
    runs.set(state.run);
    const share = (value) => `${(100 * value).toFixed(1)}%`;
    line.textContent = `After ${found.steps} step${found.steps === 1 ? '' : 's'}: loss ${digits(found.loss)} nats, ${share(found.right)} right; on held-out pictures ${digits(found.newLoss)}, ${share(found.newRight)} right. Largest weight ${digits(found.largest)}.`;
    status.say(line.textContent);
  });
}

export default widget('training', render);

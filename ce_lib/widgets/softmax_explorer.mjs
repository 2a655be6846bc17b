export function compute({ logits, shift, temperature, label }) {
  const z = logits.map((value) => (value + shift) / temperature);
  const probs = softmax(z);
  const y = logits.map((_, k) => Number(k === label));
  const others = probs.reduce((sum, p, k) => (k === label ? sum : sum + p), 0); // 1 − p̂, no digit lost
  const grad = probs.map((p, k) => (k === label ? -others : p) / temperature);
  return { probs, grad, others, loss: crossEntropy(z, y), y };
}

const [LEFT, RIGHT, FIRST, STEP] = [48, 380, 34, 56];
const along = (p) => LEFT + (RIGHT - LEFT) * p;

function render({ model, el }) {
  const rows = CLASSES.map((name, k) => slider(name, {
    min: -5, max: 5, step: 0.1, show: (value) => digits(value, 1),
    change: (value) => change({ logits: model.get('logits').map((old, j) => (j === k ? value : old)) }),
  }));
  const warmth = slider('temperature', {
    min: -1, max: 1, step: 0.05, change: (value) => change({ temperature: Number((10 ** value).toPrecision(3)) }),
  });
  const shift = slider('add to all three', { min: -50, max: 50, step: 1, show: (value) => digits(value, 0), change: (value) => change({ shift: value }) });
  const truth = choice('true class', Object.fromEntries(CLASSES.map((name, k) => [k, name])), (value) => change({ label: Number(value) }));
  const bars = CLASSES.map((name, k) => {
    const y = FIRST + STEP * k;
    return {
      bar: svg('rect', { x: LEFT, y, height: 22, class: `ce-${name}` }),
      value: svg('text', { y: y + 16 }),
      arrow: svg('path', { class: 'ce-arrow' }),
      pull: svg('text', { y: y + 40, class: 'ce-small' }),
      y,
    };
  });
  const drawing = svg(
    'svg',
    { viewBox: '0 0 440 206', role: 'img', 'aria-label': 'Bars of the three probabilities; under each bar an arrow from the target to the probability' },
    [0, 0.5, 1].map((p) => svg('path', { d: `M${along(p)} 24V196`, class: 'ce-rule' })),
    [0, 0.5, 1].map((p) => svg('text', { x: along(p), y: 16, 'text-anchor': 'middle', class: 'ce-small' }, String(p))),
    CLASSES.map((name, k) => svg('text', { x: LEFT - 8, y: FIRST + STEP * k + 16, 'text-anchor': 'end' }, name)),
    bars.map(({ bar, value, arrow, pull }) => [bar, value, arrow, pull]),
  );
  const sum = html('p', { className: 'ce-line' });
  const status = speaker();
  el.append(drawing, sum, html('div', { className: 'ce-grid' }, html('div', {}, rows), html('div', {}, warmth, shift, truth)), status);
  const change = bind(model, ['logits', 'shift', 'temperature', 'label'], (state) => {
    const { probs, grad, others, loss, y } = compute(state);
    probs.forEach((p, k) => {
      const { bar, value, arrow, pull, y: top } = bars[k];
      bar.setAttribute('width', Math.max(0.5, along(p) - LEFT));
      value.setAttribute('x', along(p) + 6);
      value.textContent = digits(p);
      const [from, to, sign] = [along(y[k]), along(p), Math.sign(p - y[k])];
      const head = Math.min(6, Math.abs(to - from));
      arrow.setAttribute('d', `M${from} ${top + 31}H${to}m${-sign * head} -4l${sign * head} 4l${-sign * head} 4`);
      pull.textContent = `${grad[k] > 0 ? '+' : ''}${digits(grad[k])}`;
      const room = 440 - Math.max(from, to) - 6 > 7.5 * pull.textContent.length; // else it stands on the left
      pull.setAttribute('x', room ? Math.max(from, to) + 6 : Math.min(from, to) - 6);
      pull.setAttribute('text-anchor', room ? 'start' : 'end');
      rows[k].set(state.logits[k], digits(state.logits[k] + state.shift, 1));
    });
    warmth.set(Math.log10(state.temperature), `T = ${digits(state.temperature, 2)}`);
    shift.set(state.shift);
    truth.set(state.label);
    const slope = state.temperature === 1 ? 'p̂ − y' : '(p̂ − y) / T';
    const right = digits(probs[state.label]) === '1.000' && others ? `(1 − ${digits(others)})` : digits(probs[state.label]);
    sum.textContent = `Loss −ln ${right} = ${digits(loss)} nats. Each arrow runs from the target y to p̂; the number beside it is the gradient ${slope}.`;
    status.say(`Probabilities: ${CLASSES.map((name, k) => `${name} ${digits(probs[k])}`).join(', ')}. Loss ${digits(loss)} nats. Gradient: ${grad.map((g) => digits(g)).join(', ')}.`);
  });
}

export default widget('softmax_explorer', render);

// Gumbel noise as `rng.gumbel` draws it: −log(−log(1 − U)), and again where 1 − U is 1.
function gumbel(pcg) {
  for (;;) {
    const u = 1 - uniform(pcg);
    if (u < 1) return 0 - Math.log(-Math.log(u));
  }
}

// The noise of the last of so many draws, how often each class won, and the softmax. The draws of one
// generator are kept, so that one more costs one.
let kept = {};
export function compute({ logits, start, draws }) {
  const key = JSON.stringify([logits, start]);
  if (kept.key !== key || kept.draws > draws) kept = { key, draws: 0, wins: [0, 0, 0], noise: null, pcg: { state: BigInt(start[0]), step: BigInt(start[1]) } };
  for (; kept.draws < draws; kept.draws += 1) {
    kept.noise = logits.map(() => gumbel(kept.pcg));
    const totals = kept.noise.map((noise, k) => logits[k] + noise);
    kept.wins[totals.indexOf(Math.max(...totals))] += 1;
  }
  return { noise: kept.noise, wins: [...kept.wins], probs: softmax(logits) };
}

const LIMIT = 10000;
const STOPS = Array.from({ length: 37 }, (_, k) => (1 + (k % 9)) * 10 ** Math.floor(k / 9)); // 1 to 9, 10 to 90, ...
const [LOW, HIGH, TOP, ROW] = [-5, 10, 26, 46]; // the number line; a row for each class
const limit = (value, least, most) => Math.min(most, Math.max(least, value));
const points = (x) => (Math.round(10 * x) / 10 + 0).toFixed(1).replace('-', '−');

function render({ model, el }) {
  let [width, timer, exact] = [640, 0, 0];
  const state = () => Object.fromEntries(['logits', 'start', 'draws'].map((name) => [name, model.get(name)]));
  const frame = () => {
    const wide = width >= 520;
    const each = wide ? (width - 60) / 2 : width - 2;
    return { wide, each, left: wide ? each + 60 : 0, down: wide ? 0 : TOP + 3 * ROW + 30, unit: (each - 52) / (HIGH - LOW) };
  };
  const across = (value) => 42 + frame().unit * (value - LOW);
  const rowAt = (k) => TOP + ROW * (k + 0.5);
  const put = (k, value) => {
    stop();
    change({ logits: model.get('logits').map((old, j) => (j === k ? Math.round(10 * limit(value, -3, 3)) / 10 + 0 : old)) });
  };
  const drawing = svg('svg', { role: 'img', 'aria-label': 'For each class its score, its score plus noise in the last draw, and its share of the wins beside its softmax probability' });
  const knobs = CLASSES.map((name, k) => grip(drawing, {
    label: `score of ${name}`, min: -3, max: 3,
    move: (x) => put(k, (x - 42) / frame().unit + LOW),
    nudge: (right, up) => put(k, model.get('logits')[k] + 0.1 * (right + up)),
  }));
  const whole = withKnobs(drawing, knobs, (x, y) => (x < 42 + frame().each && y < TOP + 3 * ROW ? knobs[limit(Math.floor((y - TOP) / ROW), 0, 2)] : undefined));
  const row = slider('draws', { min: 0, max: STOPS.length - 1, step: 1, change: (value) => { stop(); change({ draws: STOPS[value] }); } });
  const button = (name, act) => html('button', { type: 'button', onclick: act }, name);
  const more = (draws) => change({ draws: Math.min(LIMIT, draws) });
  const play = button('Play', () => {
    if (timer) return stop();
    if (model.get('draws') >= LIMIT) more(1);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return more(10 ** Math.floor(Math.log10(model.get('draws')) + 1)); // no motion: ten times as many
    exact = model.get('draws');
    let last = performance.now();
    const step = (now) => { // slow enough to see the first winners, then ever faster
      if (!el.isConnected || model.get('draws') >= LIMIT) return stop();
      exact += (Math.min(now - last, 100) / 1000) * Math.max(2, 0.8 * exact);
      last = now;
      timer = requestAnimationFrame(step);
      if (Math.floor(exact) > model.get('draws')) more(Math.floor(exact));
    };
    timer = requestAnimationFrame(step);
    play.textContent = 'Pause';
  });
  play.className = 'ce-play';
  function stop() {
    cancelAnimationFrame(timer);
    const was = timer;
    timer = 0;
    play.textContent = 'Play';
    if (was) draw();
  }
  const key = html('p', { className: 'ce-line ce-key' }, 'Bar: the score', html('span', { className: 'ce-hint' }, ' (drag the grip at its end)'), '. Dashed: noise of this draw, up to the total, a dot. Filled dot: the largest total, which wins; hollow: the losers. Stroke at a share: softmax.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(whole, key, note, row, html('div', { className: 'ce-row' }, play, button('One draw', () => { stop(); more(model.get('draws') + 1); }), button('Start again', () => { stop(); change({ logits: [2, 1, 0.1], draws: 1 }); })), status);

  function draw() {
    const now = state();
    const { noise, wins, probs } = compute(now);
    const { each, left, down } = frame();
    const totals = noise.map((value, k) => now.logits[k] + value);
    const best = totals.indexOf(Math.max(...totals));
    const text = (x, y, said, more) => svg('text', { x, y, ...more }, said);
    const share = (value) => left + 42 + value * (each - 42 - 50);
    const bottom = TOP + 3 * ROW;
    const parts = [
      text(0, 15, `draw ${now.draws}: score + Gumbel noise`), text(left, down + 15, `share of the wins in ${now.draws} draw${now.draws === 1 ? '' : 's'}`),
      svg('path', { d: `M${across(0)} ${TOP}V${bottom}`, class: 'ce-axis' }), svg('path', { d: `M${left + 42} ${down + TOP}V${down + bottom}`, class: 'ce-axis' }),
      ...[-5, 0, 5, 10].map((tick) => text(across(tick), bottom + 16, digits(tick, 0), { 'text-anchor': 'middle', class: 'ce-small' })),
    ];
    CLASSES.forEach((name, k) => {
      const [y, z, end] = [rowAt(k), across(now.logits[k]), across(limit(totals[k], LOW, HIGH))];
      const won = wins[k] / now.draws;
      parts.push(
        text(36, y + 5, name, { class: `ce-${name}`, 'text-anchor': 'end' }), text(left + 36, down + y + 5, name, { class: `ce-${name}`, 'text-anchor': 'end' }),
        svg('rect', { x: Math.min(z, across(0)), y: y - 7, width: Math.abs(z - across(0)), height: 14, class: `ce-${name}` }),
        svg('rect', { x: z - 3, y: y - 11, width: 6, height: 22, rx: 3, class: 'ce-handle ce-ball' }),
        svg('path', { d: `M${z} ${y}H${end}`, class: `ce-noise ce-line-${name}` }),
        svg('circle', { cx: end, cy: y, r: k === best ? 7 : 5, class: k === best ? `ce-${name} ce-ball` : `ce-open ce-line-${name}` }),
        svg('rect', { x: left + 42, y: down + y - 9, width: share(won) - left - 42, height: 18, class: `ce-${name}` }),
        svg('path', { d: `M${share(probs[k])} ${down + y - 16}v32`, class: 'ce-axis ce-bold' }),
        text(left + each, down + y + 5, won.toFixed(3), { 'text-anchor': 'end', class: 'ce-small' }),
      );
      knobs[k].set(z, y, now.logits[k], `${points(now.logits[k])}, softmax ${digits(probs[k])}`);
    });
    drawing.setAttribute('viewBox', `0 0 ${width} ${down + bottom + 22}`);
    drawing.replaceChildren(...parts);
    const off = Math.max(...probs.map((p, k) => Math.abs(p - wins[k] / now.draws)));
    note.textContent = `The ${CLASSES[best]} wins draw ${now.draws}. The shares of all draws so far differ from the softmax by ${off.toFixed(3)} at most.`;
    row.set(STOPS.findLastIndex((stop) => stop <= now.draws), String(now.draws));
    if (!timer) status.say(`After ${now.draws} draws: ${CLASSES.map((name, k) => `${name} won ${wins[k]}, softmax ${digits(probs[k])}`).join('; ')}.`);
  }
  const change = bind(model, ['logits', 'draws'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  .ce-noise { fill: none; stroke-width: 2; stroke-dasharray: 4 3; }
  .ce-open { fill: var(--w-paper); stroke-width: 2; }
`);

export default widget('gumbel_race', render);

// For each chunk: the maximum and the sum after it, and the factor of the old sum.
export function compute({ logits, order, chunk }) {
  const z = order.map((k) => logits[k]);
  const rows = [];
  let [m, s] = [-Infinity, 0];
  for (let start = 0; start < z.length; start += chunk) {
    const values = z.slice(start, start + chunk);
    const top = Math.max(m, ...values);
    const factor = Math.exp(m - top);
    const terms = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
    [m, s] = [top, s * factor + terms];
    rows.push({ values, m, factor, terms, s, total: m + Math.log(s) });
  }
  return rows;
}

// Two pairs (m, s) become the pair of all their logits.
export function merge([[m1, s1], [m2, s2]]) {
  const m = Math.max(m1, m2);
  return [m, s1 * Math.exp(m1 - m) + s2 * Math.exp(m2 - m)];
}

const [FLOOR, ROOM] = [226, 128]; // the foot of the stack of terms, and its height
const CHUNKS = { 1: '1', 2: '2', 4: '4' };

function render({ model, el }) {
  const text = (x, y, said = '', more = {}) => svg('text', { x, y, 'text-anchor': 'middle', ...more }, said);
  const start = { 'text-anchor': 'start' };
  const drawing = svg('svg', { role: 'img', 'aria-label': 'A tape of eight logits, the stack of the terms read so far in the unit e to the m, and the numbers that the naive program and this one store' });
  let [pitch, cells, values, factors, terms, ticks, height, level, unit] = [48];
  const lay = (width) => {
    pitch = (width - 4) / 8; // of a cell of the tape
    const [wide, from] = [Math.min(220, 0.3 * width - 29), width - Math.max(122, 0.34 * width)]; // of the stack; the memory
    cells = Array.from({ length: 8 }, (_, k) => svg('rect', { x: 2 + pitch * k, y: 22, width: pitch - 2, height: 26 }));
    values = cells.map((_, k) => text(1 + pitch * (k + 0.5), 40));
    factors = cells.map(() => text(0, 65, '', { class: 'ce-small' }));
    terms = cells.map(() => svg('rect', { x: 26, width: wide }));
    ticks = Array.from({ length: 9 }, (_, k) => text(16, 0, String(k), { 'text-anchor': 'end' }));
    height = text(26, 0, '', start);
    level = svg('path', { class: 'ce-rule' });
    unit = text(20, FLOOR + 20, '', start);
    const square = (k, row, name) => svg('rect', { x: from + 15.5 * k, y: 112 + 16 * row, width: 11, height: 11, class: name });
    drawing.setAttribute('viewBox', `0 0 ${width} 250`);
    drawing.replaceChildren(
      text(0, 14, 'the logits; below, factors of the old s', { ...start, class: 'ce-small' }), ...cells, ...values, ...factors,
      svg('path', { d: `M20 ${FLOOR - ROOM - 6}V${FLOOR}H${32 + wide}`, class: 'ce-axis' }), text(2, FLOOR - ROOM - 16, 'sum s, as a stack', { ...start, class: 'ce-small' }), ...ticks, ...terms, level, height, unit,
      text(from, 104, 'naive: 32 = 4 × 8', { ...start, class: 'ce-small' }), ...Array.from({ length: 32 }, (_, k) => square(k % 8, Math.floor(k / 8), 'ce-dog')),
      text(from, 202, 'one pass: m and s', { ...start, class: 'ce-small' }), ...[0, 1].map((k) => square(k, 6.125, 'ce-cat')),
    );
  };
  lay(640);
  const key = html('p', { className: 'ce-line ce-key' }, 'm: the largest logit so far. s: the sum of e^(z − m) so far, a block for each term. Orange: the chunk just read; blue: those before. The naive program stores four arrays as long as the logits.');
  const line = html('p', { className: 'ce-line ce-two' });
  const chunks = choice('Logits at a time', CHUNKS, (value) => change({ read: 1, chunk: Number(value) }));
  const sorted = (sign) => [...Array(8).keys()].sort((a, b) => sign * (model.get('logits')[a] - model.get('logits')[b]));
  const button = (name, act) => html('button', { type: 'button', onclick: act }, name);
  const play = button('Play', () => {
    if (playing) return stop();
    playing = true;
    play.textContent = 'Pause';
    const count = 8 / model.get('chunk');
    change({ read: model.get('read') < count ? model.get('read') + 1 : 1 });
  });
  play.className = 'ce-play';
  const orders = html('div', { className: 'ce-row ce-tight' }, play, html('span', { className: 'ce-hint' }, 'Order:'),
    button('Given', () => change({ order: [...Array(8).keys()] })),
    button('Rising', () => change({ order: sorted(1) })),
    button('Falling', () => change({ order: sorted(-1) })));
  const row = slider('chunks read', { min: 1, max: 8, step: 1, show: String, change: (read) => change({ read }) });
  const status = speaker();

  // Four pairs of two logits, merged by dragging one onto another, or by pressing two.
  let [pairs, chosen] = [[], -1];
  const total = html('b', {});
  const join = (from, to) => {
    chosen = -1;
    if (from === to || !pairs[from] || !pairs[to]) return showPairs();
    pairs[to] = merge([pairs[to], pairs[from]]);
    pairs[from] = null;
    showPairs();
    slots[to].focus();
    const [m, s] = pairs[to];
    status.say(`Merged: m ${digits(m, 1)}, s ${digits(s)}. ${pairs.filter(Boolean).length} left; all together still ${total.textContent}.`);
  };
  const slots = [0, 1, 2, 3].map((k) => {
    const press = () => {
      if (!pairs[k]) return;
      if (chosen >= 0) return join(chosen, k);
      chosen = k;
      showPairs();
      status.say(`Chosen: m ${digits(pairs[k][0], 1)}, s ${digits(pairs[k][1])}. Press another pair to merge.`);
    };
    const slot = button('', (event) => { if (!event.detail) press(); }); // a key; a hand's press ends in drop
    let [start, moved] = [null, false];
    slot.className = 'ce-slot';
    slot.addEventListener('pointerdown', (event) => {
      [start, moved] = [[event.clientX, event.clientY], false];
      slot.setPointerCapture(event.pointerId);
    });
    slot.addEventListener('pointermove', (event) => {
      if (!start || !pairs[k]) return;
      const by = [event.clientX - start[0], event.clientY - start[1]];
      moved ||= Math.hypot(...by) > 6;
      if (moved) slot.style.transform = `translate(${by[0]}px, ${by[1]}px)`;
    });
    const drop = (event) => {
      slot.style.transform = '';
      const to = moved && event.type === 'pointerup' ? slots.findIndex((other) => {
        const { left, right, top, bottom } = other.getBoundingClientRect();
        return other !== slot && event.clientX > left && event.clientX < right && event.clientY > top && event.clientY < bottom;
      }) : -1;
      start = null;
      if (to >= 0) join(k, to);
      else if (!moved && event.type === 'pointerup') press();
    };
    slot.addEventListener('pointerup', drop);
    slot.addEventListener('pointercancel', drop);
    slot.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      for (let to = k + step; slots[to]; to += step) if (pairs[to]) return slots[to].focus();
    });
    return slot;
  });
  const showPairs = () => {
    slots.forEach((slot, k) => {
      slot.textContent = pairs[k] ? `(${digits(pairs[k][0], 1)}, ${digits(pairs[k][1])})` : '–';
      slot.disabled = !pairs[k];
      slot.setAttribute('aria-pressed', chosen === k);
    });
    const [m, s] = pairs.filter(Boolean).reduce((a, b) => merge([a, b]));
    total.textContent = digits(m + Math.log(s));
  };
  const split = () => {
    const { order, logits } = Object.fromEntries(['order', 'logits'].map((name) => [name, model.get(name)]));
    pairs = [0, 2, 4, 6].map((k) => merge([[logits[order[k]], 1], [logits[order[k + 1]], 1]]));
    chosen = -1;
    showPairs();
  };
  el.append(drawing, key, line, orders, row, chunks,
    html('p', { className: 'ce-line ce-hint' }, 'Merge pairs (m, s): drag one onto another, or press one and then another.'),
    html('div', { className: 'ce-slots', role: 'group', ariaLabel: 'Pairs to merge' }, slots),
    html('div', { className: 'ce-row' }, button('Split again', split), html('span', {}, 'm + log s of all: ', total)), status);

  // The stack at a moment of its change: the old terms take the new unit, then the new ones arrive.
  let [playing, timer, before] = [false, 0, null];
  const stop = () => {
    playing = false;
    play.textContent = 'Play';
  };
  const draw = (state, rows, count, moment) => {
    const now = rows[count - 1];
    const old = rows[count - 2];
    const m = old ? old.m + (now.m - old.m) * Math.min(1, 2 * moment) : now.m;
    const most = Math.max(2, Math.ceil(Math.max(...rows.map(({ s }) => s))));
    const scale = ROOM / most;
    let top = FLOOR;
    terms.forEach((term, place) => {
      const turn = Math.floor(place / state.chunk);
      const share = turn < count - 1 ? 1 : turn === count - 1 ? (old ? Math.max(0, 2 * moment - 1) : moment) : 0;
      const size = share * scale * Math.exp(state.logits[state.order[place]] - (turn < count - 1 ? m : now.m));
      top -= size;
      Object.entries({ y: top, height: Math.max(Math.min(size, 1.2), size - 1.2), class: turn === count - 1 ? 'ce-dog' : 'ce-cat' }).forEach(([name, at]) => term.setAttribute(name, at));
    });
    ticks.forEach((tick, k) => {
      tick.setAttribute('y', FLOOR - scale * k + 5);
      tick.setAttribute('visibility', k <= most && (most < 5 || k % 2 === 0) ? 'visible' : 'hidden');
    });
    height.setAttribute('y', top - 5);
    level.setAttribute('d', `M20 ${top}h5m${Number(terms[0].getAttribute('width')) + 2} 0h8`); // beside the stack, whose last block may be thin
    height.textContent = moment > 0.5 && moment < 1 ? '' : `s = ${digits((FLOOR - top) / scale)}`; // the old s in the unit of the moment, then the new s
    unit.textContent = `unit: e^m, m = ${digits(m, 1)}`;
  };
  const show = (state) => {
    const rows = compute(state);
    const count = Math.min(state.read, rows.length);
    const last = rows[count - 1];
    const { chunk } = state;
    state.order.forEach((which, place) => {
      const turn = Math.floor(place / chunk);
      Object.entries({ class: turn === count - 1 ? 'ce-dog' : 'ce-cat', 'fill-opacity': turn < count ? 0.45 : 0.12 }).forEach(([name, at]) => cells[place].setAttribute(name, at));
      values[place].textContent = digits(state.logits[which], 1);
      factors[place].setAttribute('x', 1 + pitch * chunk * (place + 0.5));
      const places = pitch * chunk < 36 ? 2 : 3;
      factors[place].textContent = place < count && place ? (rows[place].factor < 0.5 * 10 ** -places ? '≈ 0' : rows[place].factor.toFixed(places)) : '';
    });
    row.input.max = rows.length;
    row.set(count);
    chunks.set(chunk);
    line.textContent = `m ${digits(last.m)}, ${count > 1 ? `old s × ${digits(last.factor)}` : 'first chunk: no old s'}, new terms ${digits(last.terms)}, s ${digits(last.s)}, m + log s ${digits(last.total)}`;
    const whole = JSON.stringify([state.logits, state.order, chunk]);
    const moves = before && before.whole === whole && count === before.count + 1;
    if (before?.whole !== whole) split();
    before = { whole, count };
    cancelAnimationFrame(timer);
    const ready = () => {
      draw(state, rows, count, 1);
      if (!playing) return;
      if (count === rows.length) return stop();
      const begun = performance.now();
      const wait = (at) => {
        if (!playing || !el.isConnected) return;
        if (at - begun < 500) timer = requestAnimationFrame(wait);
        else change({ read: count + 1 });
      };
      timer = requestAnimationFrame(wait);
    };
    if (!moves || matchMedia('(prefers-reduced-motion: reduce)').matches) ready();
    else {
      const begun = performance.now();
      const step = (at) => {
        const moment = Math.min(1, (at - begun) / 900);
        draw(state, rows, count, Math.max(0, moment));
        if (moment < 1) timer = requestAnimationFrame(step);
        else ready();
      };
      timer = requestAnimationFrame(step);
    }
    status.say(`${count} of ${rows.length} chunks read: maximum ${digits(last.m)}, old sum times ${digits(last.factor)}, sum ${digits(last.s)}, m plus log s ${digits(last.total)}.`);
  };
  const names = ['logits', 'order', 'chunk', 'read'];
  const change = bind(model, names, show);
  fit(drawing, (width) => {
    lay(width);
    show(Object.fromEntries(names.map((name) => [name, model.get(name)])));
  });
}

export default widget('online_softmax', render);

// What all widgets share. `ce_lib.widgets.source` puts this text before a widget's own: JupyterLab
// takes a widget as one module, and the website serves the same text.
const CLASSES = ['cat', 'dog', 'bird'];
const FORMATS = { float64: (x) => x, float32: Math.fround, float16: half };

// Round to half precision: 11 significant bits, smallest step 2^-24, largest number 65504.
function half(x) {
  if (!Number.isFinite(x) || x === 0) return x;
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
  const steps = x / unit;
  let whole = Math.round(steps);
  if (Math.abs(steps % 1) === 0.5 && whole % 2 !== 0) whole -= 1; // a tie goes to the even one
  const rounded = whole * unit;
  return Math.abs(rounded) > 65504 ? Math.sign(x) * Infinity : rounded;
}

function softmax(z) {
  const m = Math.max(...z);
  const e = z.map((value) => Math.exp(value - m));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

// The loss against a distribution, without subtracting large numbers from each other.
function crossEntropy(z, y) {
  const m = Math.max(...z);
  const top = z.indexOf(m);
  const rest = z.reduce((sum, value, k) => (k === top ? sum : sum + Math.exp(value - m)), 0);
  return Math.log1p(rest) + y.reduce((sum, weight, k) => sum + (weight ? weight * (m - z[k]) : 0), 0);
}

// The next 64 random bits of NumPy's default generator, PCG64 (O'Neill 2014): `pcg` holds state and step.
const [BITS64, BITS128] = [(1n << 64n) - 1n, (1n << 128n) - 1n];
function next(pcg) {
  pcg.state = (pcg.state * 0x2360ed051fc65da44385df649fccf645n + pcg.step) & BITS128;
  const mixed = (pcg.state >> 64n) ^ (pcg.state & BITS64);
  const turn = pcg.state >> 122n;
  return ((mixed >> turn) | (mixed << (64n - turn))) & BITS64;
}
const uniform = (pcg) => Number(next(pcg) >> 11n) * 2 ** -53;

// 0.659, 12.350, 4.248e-18: as the book prints them.
function digits(x, places = 3) {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '−inf';
  const size = Math.abs(x);
  const text = size !== 0 && (size < 10 ** -places || size >= 1e6) ? x.toExponential(places) : x.toFixed(places);
  return text.replace('e+', 'e').replaceAll('-', '−');
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name in element && !(element instanceof SVGElement)) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity));
  return element;
}
const html = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => build(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

// A labelled slider; `show(value)` is what is printed beside it and read out.
function slider(label, { min, max, step, show = digits, change }) {
  const shown = html('span', { className: 'ce-value' });
  const input = html('input', { type: 'range', min, max, step, oninput: () => change(Number(input.value)) });
  let before; // a finger that turns out to scroll the page gives the value back
  input.addEventListener('pointerdown', () => { before = input.value; });
  input.addEventListener('pointercancel', () => { input.value = before; change(Number(before)); });
  const row = html('label', { className: 'ce-slider' }, html('span', {}, label), input, shown);
  row.set = (value, text = show(value)) => {
    input.value = value;
    input.style.setProperty('--at', (input.value - input.min) / (input.max - input.min) || 0);
    input.setAttribute('aria-valuetext', text);
    shown.textContent = text;
  };
  row.input = input;
  return row;
}

// One of several, as radio buttons in a row; the group's name is its own beside those of other modules, too.
function choice(legend, options, change) {
  const name = `ce-choice-${Math.random()}`;
  const inputs = Object.entries(options).map(([value, text]) => {
    const input = html('input', { type: 'radio', name, value, onchange: () => change(value) });
    return html('label', {}, input, ` ${text}`);
  });
  const row = html('fieldset', { className: 'ce-choice' }, html('legend', {}, legend), inputs);
  row.set = (value) => inputs.forEach((label) => { label.firstChild.checked = label.firstChild.value === String(value); });
  return row;
}

// What a screen reader is told, once the reader's hand rests.
function speaker() {
  const status = html('p', { className: 'ce-said', role: 'status' });
  let timer;
  status.say = (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => { status.textContent = text; }, 500);
  };
  return status;
}

// A knob over a place of a drawing, large enough for a finger, that is dragged and takes the arrow keys.
// It is HTML, since `touch-action` is not honoured inside an SVG.
// move(x, y): go to this place, in the drawing's own units; nudge(right, up): so many steps by key.
function grip(drawing, { label, min = 0, max = 1, move, nudge }) {
  const knob = html('div', { className: 'ce-knob', role: 'slider', tabIndex: 0, 'aria-label': label, 'aria-valuemin': min, 'aria-valuemax': max });
  let off = [0, 0]; // from the pointer to the point: a knob that is touched off its centre does not jump
  const place = (event) => {
    const at = new DOMPoint(event.clientX + off[0], event.clientY + off[1]).matrixTransform(drawing.getScreenCTM().inverse());
    move(at.x, at.y);
  };
  knob.take = (event) => {
    knob.setPointerCapture(event.pointerId);
    knob.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
  };
  knob.away = ({ clientX, clientY }) => { // from the pointer to the point
    const { left, top, width, height } = knob.getBoundingClientRect();
    return [left + width / 2 - clientX, top + height / 2 - clientY];
  };
  knob.hold = (event) => {
    off = knob.away(event);
    knob.take(event);
  };
  knob.from = (event) => { // a mouse that starts elsewhere in the drawing
    off = [0, 0];
    knob.take(event);
    place(event);
  };
  knob.addEventListener('pointermove', (event) => { if (knob.hasPointerCapture(event.pointerId)) place(event); });
  const KEYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, 10], PageDown: [0, -10], Home: [-1000, 0], End: [1000, 0] };
  knob.addEventListener('keydown', (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    nudge(...KEYS[event.key].map((steps) => steps * (event.shiftKey ? 10 : 1)));
  });
  knob.set = (x, y, value, text) => { // where the point is, in the drawing's units, and what that means
    const { width, height } = drawing.viewBox.baseVal;
    knob.style.left = `${(100 * x) / width}%`;
    knob.style.top = `${(100 * y) / height}%`;
    knob.setAttribute('aria-valuenow', value);
    knob.setAttribute('aria-valuetext', text);
  };
  return knob;
}

// A drawing with knobs. Where knobs overlap, the nearest one is taken. A mouse may also start elsewhere:
// with the knob that `nearest(x, y)` returns, if any. A finger elsewhere scrolls the page.
function withKnobs(drawing, knobs, nearest = () => knobs[0]) {
  drawing.addEventListener('pointerdown', (event) => {
    if (event.pointerType !== 'mouse' || event.button) return;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    nearest(at.x, at.y)?.from(event);
  });
  const frame = html('div', { className: 'ce-draggable' }, drawing, knobs);
  frame.addEventListener('pointerdown', (event) => {
    if (!knobs.includes(event.target)) return;
    const far = knobs.map((knob) => Math.hypot(...knob.away(event)));
    knobs[far.indexOf(Math.min(...far))].hold(event);
  });
  return frame;
}

// A drawing with one point to drag.
function drag(drawing, options) {
  const knob = grip(drawing, options);
  const frame = withKnobs(drawing, [knob]);
  frame.set = knob.set;
  return frame;
}

// Paper behind labels that are in the page, so that no line runs between their letters.
function plates(labels, name = () => '') {
  for (const label of labels) {
    const { x, y, width, height } = label.getBBox();
    label.before(svg('rect', { x: x - 2, y, width: width + 4, height, class: `ce-plate ${name(label)}` }));
  }
}

// Rules of one figure: they come with its module, so that other pages do not carry them.
function dress(rules) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  document.adoptedStyleSheets.push(sheet);
}

// A drawing whose unit is one pixel of the page, so that lettering has its size at every width:
// `draw(width)` sets the viewBox, and is called again when the width changes.
function fit(drawing, draw) {
  drawing.classList.add('ce-fit');
  let before;
  const measure = () => {
    const width = Math.round(drawing.clientWidth);
    if (!width || width === before) return;
    before = width;
    draw(width);
  };
  draw(640); // until it is in the page
  measure();
  new ResizeObserver(measure).observe(drawing);
}

dress(`
  .ce-widget :is(.ce-fit, .ce-draggable:has(.ce-fit)) { max-width: none; }
  .ce-widget .ce-fit.ce-fit text { font-size: 13px; }
  .ce-widget .ce-fit.ce-fit .ce-small { font-size: 12px; }
  .ce-widget .ce-key { color: var(--w-quiet); font-size: 0.8125rem; }
  .ce-widget :is(input, button):disabled { opacity: 0.5; cursor: default; }
  .ce-plate { fill: var(--w-paper); }
  .ce-note { min-height: 2.9em; }
  [data-widget="boldness_dial"] .ce-note { min-height: 1.45em; }
  @media (max-width: 30rem) {
    .ce-widget.ce-widget .ce-note { min-height: 4.35em; }
  }
`);

// Numbers with so many binary places, as BigInt: from a double, exactly, and their exponential.
function fixedPoint(PLACES) {
  const ONE = 1n << PLACES;
  const big = (x) => {
    let places = PLACES;
    for (; x !== Math.trunc(x); x *= 2) places -= 1n;
    return places < 0n ? BigInt(x) >> -places : BigInt(x) << places;
  };
  const exp = (x) => { // halve the exponent 16 times, add the series, square 16 times
    let [sum, term] = [ONE, ONE];
    for (let n = 1n; term !== 0n && term !== -1n; n += 1n) {
      term = ((term * (x >> 16n)) >> PLACES) / n;
      sum += term;
    }
    for (let k = 0; k < 16; k += 1) sum = (sum * sum) >> PLACES;
    return sum;
  };
  return { PLACES, ONE, big, exp };
}

// Redraw whenever one of the model's values changes; returns the function that changes them.
function bind(model, names, draw) {
  const redraw = () => draw(Object.fromEntries(names.map((name) => [name, model.get(name)])));
  names.forEach((name) => model.on(`change:${name}`, redraw));
  redraw();
  return (values) => {
    Object.entries(values).forEach(([name, value]) => model.set(name, value));
    model.save_changes();
  };
}

// A widget as JupyterLab and the website expect it.
const widget = (name, render) => ({
  render({ model, el }) {
    el.classList.add('ce-widget');
    el.dataset.widget = name;
    render({ model, el });
    for (const input of el.querySelectorAll('input, button, [tabindex]')) { // their keys are not JupyterLab's
      input.dataset.lmSuppressShortcuts = 'true';
    }
  },
});

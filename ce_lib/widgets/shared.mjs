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
  const row = html('label', { className: 'ce-slider' }, html('span', {}, label), input, shown);
  row.set = (value, text = show(value)) => {
    input.value = value;
    input.setAttribute('aria-valuetext', text);
    shown.textContent = text;
  };
  row.input = input;
  return row;
}

// One of several, as radio buttons in a row.
let groups = 0;
function choice(legend, options, change) {
  const name = `ce-choice-${groups += 1}`;
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

// Follow a pointer over a drawing; `move` gets the place in the drawing's own units.
function drag(drawing, move) {
  const place = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    move(at.x, at.y);
  };
  drawing.addEventListener('pointerdown', (event) => {
    drawing.setPointerCapture(event.pointerId);
    place(event);
  });
  drawing.addEventListener('pointermove', (event) => { if (drawing.hasPointerCapture(event.pointerId)) place(event); });
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
    for (const input of el.querySelectorAll('input, button')) { // their keys are not JupyterLab's
      input.dataset.lmSuppressShortcuts = 'true';
    }
  },
});

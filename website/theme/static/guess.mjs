// A question to guess at, when it comes near: a form, then guess and truth side by side, and how a
// guess is scored. What is covered until then, book.mjs knows. Loaded only for a reader who gets there.
import { home, make, pushButton, recall, reveal } from './book.mjs';

document.head.append(make('link', { rel: 'stylesheet', href: new URL('_static/guess.css', home).href }));

export const SVG = (tag, attributes, ...children) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// A number as the book prints it: 14.3, 1.2e8.
export function written(x) {
  const text = x !== 0 && (Math.abs(x) >= 1e6 || Math.abs(x) < 1e-3) ? x.toExponential(1).replace('e+', 'e') : String(Number(x.toPrecision(3)));
  return text.replaceAll('-', '−');
}
const united = (x, unit) => `${written(x)}${unit ? (unit === '%' ? '%' : ` ${unit}`) : ''}`;

export function read(text) { // a number as people type it; NaN if it is none
  const plain = text.trim().replace(/\s*[×x*]\s*10\s*\^?\s*/i, 'e').replaceAll('−', '-');
  const grouped = /^-?\d{1,3}(,\d{3})+(\.\d*)?$/.test(plain) ? plain.replaceAll(',', '') : plain.replace(',', '.');
  return grouped === '' ? NaN : Number(grouped);
}

const kind = ({ options, axes }) => (options ? 'choice' : axes ? 'curve' : 'number');

// What is kept of a question, as one that was only shown if it does not fit the question as it is now.
export function made(asked, kept) {
  if (!kept) return null;
  const { given } = kept;
  const fits = { choice: asked.options?.includes(given), number: typeof given === 'number', curve: Array.isArray(given) && given.length === asked.x?.length };
  return fits[kind(asked)] ? kept : { given: null, sure: null };
}

// Whether a guess is right; null for a curve, which is more or less near.
export function right(asked, given) {
  if (kind(asked) === 'choice') return asked.options.indexOf(given) === asked.right;
  if (kind(asked) === 'curve') return null;
  const { truth, factor, within } = asked;
  if (factor) return given / truth > 0 && Math.abs(Math.log(given / truth)) <= Math.log(factor) * (1 + 1e-9);
  return Math.abs(given - truth) <= within * (1 + 1e-9) + 1e-9;
}

// The score of a guess with its confidence, as a distribution over what can happen: the options, or
// that a number is near enough and that it is not. What the reader did not choose shares the rest
// evenly. `loss` in nats and `brier`, both with what a reader gets who spreads evenly.
export function score(asked, { given, sure }) {
  const isRight = given === null ? null : right(asked, given);
  if (isRight === null || sure === null) return null;
  const K = asked.options?.length ?? 2;
  const p = sure / 100;
  const other = (1 - p) / (K - 1);
  const [hit, rest] = isRight ? [p, (K - 1) * other ** 2] : [other, p ** 2 + (K - 2) * other ** 2];
  return { right: isRight, p, loss: -Math.log(hit), brier: (1 - hit) ** 2 + rest, evenLoss: Math.log(K), evenBrier: 1 - 1 / K };
}

// How far a drawn curve is from the book's, on average over its points.
export const apart = (asked, given) => given.reduce((sum, y, k) => sum + Math.abs(y - asked.truth[k]), 0) / given.length;

const near = ({ within, factor, unit }) => (factor ? `within a factor of ${written(factor)}` : within === 0 ? 'exactly right' : `within ${united(within, unit)}`);
const truthOf = (asked) => (kind(asked) === 'choice' ? asked.options[asked.right] : united(asked.truth, asked.unit));
const saidOf = (asked, given) => (kind(asked) === 'choice' ? given : united(given, asked.unit));

// Guess and truth, as elements.
export function comparison(asked, { given, sure }) {
  if (kind(asked) === 'curve') {
    return [plot(asked, given, true), make('p', {}, `Your curve is ${written(apart(asked, given))} from the book’s, on average over its points.`)];
  }
  const yes = right(asked, given);
  const list = make('dl', {});
  for (const [label, text] of [['Your guess', `${saidOf(asked, given)}${sure === null ? '' : `, ${sure}% sure`}`], ['The book', truthOf(asked)]]) {
    list.append(make('div', {}, make('dt', { textContent: label }), make('dd', { textContent: text })));
  }
  const { truth, factor } = asked;
  const by = kind(asked) === 'choice' || yes ? '' : factor && given / truth > 0 ? ` Off by a factor of ${written(Math.max(given / truth, truth / given))}.`
    : ` Off by ${united(Math.abs(given - truth), asked.unit)}.`;
  return [list, make('p', {}, make('b', { className: yes ? 'right' : 'wrong', textContent: yes ? '✓ Right' : '✗ Not right' }),
    kind(asked) === 'choice' ? '.' : yes ? `: ${near(asked)}.` : `.${by}`)];
}

// A curve to draw, or drawn -----------------------------------------------------------------------
const [WIDE, HIGH, LEFT, TOP] = [innerWidth < 480 ? 300 : 480, 270, 46, 26]; // in px, so that lettering stays legible
const across = (asked, k) => LEFT + 22 + (k * (WIDE - LEFT - 46)) / (asked.x.length - 1);
const down = ({ range: [low, high] }, y) => TOP + ((high - y) * (HIGH - TOP - 44)) / (high - low);

function plot(asked, given, told = false) {
  const { x, axes, range, truth } = asked;
  const words = (ys) => ys.map((y, k) => `${written(y)} at ${x[k]}`).join(', ');
  const drawing = SVG('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, role: 'img', 'aria-label': `${axes[1]} against ${axes[0]}. You drew ${words(given)}.${told ? ` The book: ${words(truth)}.` : ''}` });
  const [low, high] = range;
  for (const y of [low, (low + high) / 2, high]) {
    drawing.append(
      SVG('line', { x1: LEFT, x2: WIDE - 10, y1: down(asked, y), y2: down(asked, y), class: 'grid' }),
      SVG('text', { x: LEFT - 6, y: down(asked, y) + 4, 'text-anchor': 'end' }, written(y)),
    );
  }
  x.forEach((label, k) => drawing.append(SVG('text', { x: across(asked, k), y: HIGH - 26, 'text-anchor': 'middle' }, String(label))));
  drawing.append(
    SVG('text', { x: (LEFT + WIDE) / 2, y: HIGH - 6, 'text-anchor': 'middle' }, axes[0]),
    SVG('text', { x: 4, y: 14 }, axes[1]),
  );
  const line = (ys, name) => SVG('polyline', { class: name, points: ys.map((y, k) => `${across(asked, k)},${down(asked, y)}`).join(' ') });
  drawing.append(line(given, 'mine'), ...given.map((y, k) => SVG('circle', { class: 'mine', r: 6, cx: across(asked, k), cy: down(asked, y) })));
  if (told) {
    drawing.append(line(truth, 'book'), ...truth.map((y, k) => SVG('rect', { class: 'book', width: 9, height: 9, x: across(asked, k) - 4.5, y: down(asked, y) - 4.5 })));
    return make('div', { className: 'curve' }, drawing, make('p', { className: 'key' }, make('span', { className: 'mine', textContent: '● yours' }), ' ', make('span', { className: 'book', textContent: '■ the book’s' })));
  }
  return drawing;
}

function draw(asked) { // points that go up and down: by finger and mouse, and each by keyboard
  const { x, axes, range: [low, high] } = asked;
  const ys = x.map(() => (low + high) / 2);
  const frame = make('div', { className: 'draw' });
  const knobs = x.map((label, k) => {
    const knob = make('div', { className: 'knob', tabIndex: 0 });
    knob.setAttribute('role', 'slider');
    knob.setAttribute('aria-label', `${axes[1]} at ${axes[0]} ${label}`);
    knob.setAttribute('aria-orientation', 'vertical');
    knob.setAttribute('aria-valuemin', low);
    knob.setAttribute('aria-valuemax', high);
    const step = (high - low) / 50;
    const KEYS = { ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step, PageUp: 10 * step, PageDown: -10 * step, Home: low - high, End: high - low };
    knob.addEventListener('keydown', (event) => {
      if (!(event.key in KEYS) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      set(k, ys[k] + KEYS[event.key]);
    });
    return knob;
  });
  let drawing = null;
  let touched = false;
  function show() {
    const next = plot(asked, ys);
    if (drawing) drawing.replaceWith(next);
    drawing = next;
    knobs.forEach((knob, k) => {
      knob.style.left = `${(100 * across(asked, k)) / WIDE}%`;
      knob.style.top = `${(100 * down(asked, ys[k])) / HIGH}%`;
      knob.setAttribute('aria-valuenow', Number(ys[k].toFixed(3)));
      knob.setAttribute('aria-valuetext', written(Number(ys[k].toFixed(3))));
    });
  }
  function set(k, y) {
    touched = true;
    ys[k] = Math.min(high, Math.max(low, y));
    show();
  }
  let held = null; // the pointer that draws, and the point it last passed
  const trace = ({ clientX, clientY }) => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    const [px, py] = [((clientX - left) * WIDE) / width, ((clientY - top) * HIGH) / height];
    const k = x.reduce((best, _, j) => (Math.abs(across(asked, j) - px) < Math.abs(across(asked, best) - px) ? j : best), 0);
    set(k, high - ((py - TOP) * (high - low)) / (HIGH - TOP - 44));
  };
  frame.addEventListener('pointerdown', (event) => {
    if (event.button || (event.pointerType !== 'mouse' && !event.target.matches('.knob'))) return; // a finger elsewhere scrolls
    held = event.pointerId;
    frame.setPointerCapture(held);
    if (event.target.matches('.knob')) event.target.focus({ preventScroll: true });
    event.preventDefault();
    trace(event);
  });
  frame.addEventListener('pointermove', (event) => { if (event.pointerId === held) trace(event); });
  for (const end of ['pointerup', 'pointercancel']) frame.addEventListener(end, () => { held = null; });
  show();
  frame.append(drawing, ...knobs);
  return { element: frame, given: () => (touched ? ys.map((y) => Number(y.toFixed(3))) : null) };
}

// The form ----------------------------------------------------------------------------------------
function choice({ options }, name) {
  const inputs = options.map((value) => make('input', { type: 'radio', name, value }));
  const element = make('div', {}, ...inputs.map((input) => make('label', { className: 'option' }, input, input.value)));
  return { element, given: () => inputs.find(({ checked }) => checked)?.value ?? null };
}

function number({ unit }) {
  const input = make('input', { type: 'text', inputMode: 'decimal', autocomplete: 'off', size: 8, ariaLabel: `Your guess${unit ? `, ${unit === '%' ? 'percent' : unit}` : ', a number'}` });
  const element = make('p', {}, input, unit ? ` ${unit}` : '');
  return { element, given: () => (Number.isFinite(read(input.value)) ? read(input.value) : null), input };
}

function confidence(asked) {
  const least = asked.options ? Math.round(100 / asked.options.length) : 1;
  const slider = make('input', { type: 'range', min: least, max: 99, value: asked.options ? least : 50 });
  const shown = make('span', { className: 'percent', textContent: `${slider.value}%` });
  slider.setAttribute('aria-valuetext', `${slider.value}%`);
  slider.addEventListener('input', () => {
    shown.textContent = `${slider.value}%`;
    slider.setAttribute('aria-valuetext', `${slider.value}%`);
  });
  const label = asked.options ? 'How sure are you?' : `How sure are you that this is ${near(asked)}?`;
  return { element: make('label', { className: 'sure' }, label, slider, shown), value: () => Number(slider.value) };
}

function form(box, asked, key) {
  const part = { choice, curve: draw, number }[kind(asked)](asked, key);
  const sure = kind(asked) === 'curve' ? null : confidence(asked);
  const told = make('p', { className: 'told' });
  told.setAttribute('role', 'status');
  const element = make('form', { noValidate: true },
    make('fieldset', {}, make('legend', { textContent: asked.ask ?? 'Your guess' }), part.element, ...(sure ? [sure.element] : [])),
    make('p', { className: 'buttons' }, make('button', { type: 'submit', textContent: 'Show me' }), pushButton('Just show me', () => reveal(box, true))), told);
  element.addEventListener('input', () => { told.textContent = ''; });
  element.addEventListener('submit', (event) => {
    event.preventDefault();
    const given = part.given();
    if (given === null) {
      told.textContent = { choice: 'Choose an answer first.', curve: 'Draw the curve first: move its points.', number: 'Type a number first, such as 0.25 or 3e-4.' }[kind(asked)];
      (part.input ?? element.querySelector('input, .knob')).focus();
      return;
    }
    reveal(box, true, { given, sure: sure?.value() ?? null });
  });
  return element;
}

// Bring one question to life; again after what is kept of it has changed.
export function ask(box, focus = false) {
  const asked = JSON.parse(box.dataset.guess);
  const key = box.dataset.key;
  const kept = made(asked, recall(key) ?? box.made);
  const parts = [...document.getElementsByClassName(`answers-${box.id.slice('guess-'.length)}`)];
  box.notes?.forEach((note) => note.remove());
  box.notes = [];
  const always = recall('answers') === true;
  box.classList.toggle('made', Boolean(kept));
  if (kept) box.replaceChildren(...(kept.given === null ? [] : comparison(asked, kept)));
  else if (always) box.replaceChildren();
  else {
    if (!box.querySelector('form')) box.replaceChildren(form(box, asked, key));
    const note = make('div', { className: 'covered' }, make('p', {}, 'The answer is covered until you guess.'), pushButton('Just show me', () => reveal(box, true)));
    parts[0].before(note);
    box.notes = [note];
  }
  if (!focus) return;
  const next = kept?.given === null ? parts[0] : box;
  next.tabIndex = -1;
  next.focus({ preventScroll: next === box });
}

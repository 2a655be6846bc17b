// One Python for the page, in a worker, and how what it says is shown. Loaded when a reader runs a cell.
import { home, make, near, pushButton, watch } from './book.mjs';

document.head.append(make('link', { rel: 'stylesheet', href: new URL('_static/cells.css', home).href }));

let worker = null;
let starting = null; // settled when Python is there, or can't be had
let stopped = null; // ends what waits for the worker
let hear = () => {};
let queue = Promise.resolve();
export let ran = new Map(); // the source of each of the page's cells that this Python has run

function start(tell) {
  worker = new Worker(new URL('_static/worker.js', home));
  starting = new Promise((resolve, reject) => {
    stopped = reject;
    const fail = (failed, from) => stop(Object.assign(new Error(failed), { from }));
    worker.addEventListener('error', (event) => { event.preventDefault(); fail(event.message ?? 'The worker could not be loaded', home.host); });
    worker.addEventListener('message', ({ data }) => {
      if (data.ready) resolve();
      else if (data.progress?.failed) fail(data.progress.failed, data.progress.from);
      else if (data.progress) tell(data.progress);
      else hear(data);
    });
  });
  return starting;
}

export const running = () => worker !== null;

// End Python with all it holds; what is still awaited is rejected.
export function stop(error = new Error('stopped')) {
  const reject = stopped;
  worker?.terminate();
  [worker, starting, stopped] = [null, null, null];
  ran = new Map();
  reject?.(error);
}

// Do what needs Python after all that was asked for before.
export function inTurn(work) {
  queue = queue.then(work);
  return queue;
}

// Run code. tell(progress) : while Python is fetched; begun() : when the code starts;
// show(kind, value) : for each output. Returns whether it ended without an error; throws what
// kept Python from starting, or an Error 'stopped'.
export async function run(code, { tell, begun, show }) {
  await (starting ?? start(tell));
  begun();
  return new Promise((resolve, reject) => {
    stopped = reject;
    hear = ({ outputs, done }) => {
      for (const [kind, value] of outputs ?? []) {
        if (kind === 'values') moved(value);
        else show(kind, value);
      }
      if (done !== undefined) resolve(done);
    };
    worker.postMessage({ code });
  });
}

// How far Python is, in words and as a bar.
export function progress(element, { from, files, of, bytes }) {
  if (!element.querySelector('progress')) {
    const bar = make('progress');
    bar.setAttribute('aria-label', 'Progress of loading Python');
    element.replaceChildren(make('p', { ariaLive: 'off' }), bar);
  }
  const [words, bar] = element.children;
  bar.max = of || 1;
  bar.value = files;
  if (files < of || !of) words.textContent = `Fetching Python from ${from}: ${files} of ${of} files, ${(bytes / 1e6).toFixed(1)} MB. The next time it comes from this browser.`;
  else {
    words.textContent = 'Python is being set up.';
    bar.removeAttribute('value');
  }
}

// Why Python could not be had, in the place where it was asked for.
export function failure(error, again) {
  return make('div', { className: 'failed' },
    make('p', {}, `Python could not be loaded from ${error.from}, so nothing can be run here now. The outputs you see are the book’s own. Check that you are online and that nothing blocks this address.`),
    make('p', {}, make('small', { textContent: error.message })),
    make('p', {}, pushButton('Try again', again), ' ', make('a', { href: new URL('index.html#how-to-run-it', home).href, textContent: 'Other ways to run a chapter' })));
}

// Outputs ------------------------------------------------------------------------------------------
let drawings = 0;
function figure(text) {
  const unique = text.replaceAll(/\bf[0-9a-f]{6}-/g, `own${drawings += 1}-`); // the book's figure has the same ids
  const svg = new DOMParser().parseFromString(unique, 'image/svg+xml').documentElement;
  svg.setAttribute('class', 'ce-figure');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', svg.querySelector('desc')?.textContent.split('\n')[0] ?? 'A figure');
  for (const group of svg.querySelectorAll('g[transform*="scale("]')) { // lettering has darker colours than areas
    if (group.querySelector(':scope > use')) group.setAttribute('style', (group.getAttribute('style') ?? '').replace('#808080', 'var(--ce-quiet, #808080)').replace(/var\(--(dog|bird|other),/, 'var(--ce-$1-text,'));
  }
  return document.importNode(svg, true);
}

// HTML comes from the reader's own code; the page's policy runs no script that it may bring.
// A widget that is moved tells its Python object, so that the next cell finds its new values, and
// values that code gives to the object move the widget.
function markup(text, forms) {
  const box = make('div', { innerHTML: text });
  const model = forms['application/vnd.jupyter.widget-view+json']?.model_id;
  box.querySelectorAll('.ce-widget').forEach((widget) => {
    widget.python = model;
    widget.save = (values) => worker?.postMessage({ model, values: JSON.stringify(values) });
    near.observe(widget);
  });
  return box;
}

function moved({ model, values }) {
  for (const widget of document.querySelectorAll('.ce-widget')) {
    if (widget.python !== model) continue;
    widget.dataset.model = JSON.stringify({ ...JSON.parse(widget.dataset.model), ...values }); // for one that is not awake yet
    for (const [name, value] of Object.entries(values)) widget.model?.set(name, value);
  }
}

function mistake({ name, said, trace }) {
  return make('div', { className: 'error' },
    make('p', { className: 'last', textContent: said ? `${name}: ${said}` : name }),
    make('details', {}, make('summary', { textContent: 'Where it happened' }), make('pre', { textContent: trace, tabIndex: 0 })));
}

const FORMS = { 'image/svg+xml': figure, 'text/html': markup, 'image/png': (data) => make('img', { alt: 'A picture', src: `data:image/png;base64,${data}` }) };

// What a cell shows: `element` to see, `text` to compare, `said` the message of an error.
function printed(textContent, className = '') {
  const block = make('pre', { textContent, className, tabIndex: 0 });
  fit(block);
  watch(block);
  return block;
}
function fit(block) { // as the book's outputs are: see book.css
  block.style.setProperty('--chars', Math.max(...block.textContent.split('\n').map(({ length }) => length)));
}

export class Outputs {
  constructor() {
    this.element = make('div', { className: 'outputs' });
    this.text = '';
    this.said = '';
  }

  add(kind, value) {
    if (kind === 'error') {
      this.said = value.said ? `${value.name}: ${value.said}` : value.name;
      this.element.append(mistake(value));
      this.text += this.said;
    } else if (kind === 'data') {
      const form = Object.keys(FORMS).find((type) => type in value);
      this.element.append(form ? FORMS[form](value[form], value) : printed(value['text/plain']));
      this.text += value['text/plain'] ?? '';
    } else {
      const last = this.element.lastElementChild;
      if (last?.dataset.kind === kind) {
        last.append(value);
        fit(last);
      } else {
        const block = printed(value, kind);
        block.dataset.kind = kind;
        this.element.append(block);
      }
      this.text += value;
    }
  }
}

// Mark the words of printed text that another text does not have in this order.
export function markDifferences(blocks, other) {
  const words = (text) => text.match(/\s+|\S+/g) ?? [];
  const [mine, theirs] = [blocks.flatMap((block) => words(block.textContent)), words(other)];
  if (mine.length * theirs.length > 4e6) return;
  const width = theirs.length + 1;
  const common = new Uint32Array((mine.length + 1) * width); // the longest common part of what follows
  for (let i = mine.length - 1; i >= 0; i -= 1) {
    for (let j = theirs.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = mine[i] === theirs[j] ? common[(i + 1) * width + j + 1] + 1
        : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  let [i, j] = [0, 0];
  for (const block of blocks) {
    const parts = [];
    for (const word of words(block.textContent)) {
      while (j < theirs.length && word !== theirs[j] && common[i * width + j + 1] >= common[(i + 1) * width + j]) j += 1;
      const same = j < theirs.length && word === theirs[j];
      if (same) j += 1;
      i += 1;
      parts.push(same || !word.trim() ? word : make('mark', { textContent: word }));
    }
    block.replaceChildren(...parts);
  }
}

// What every page does: theme, shortcuts, copy buttons, widgets when they come near, the reader's
// progress, and the offline copy. All that is kept stays in this browser, under "ce-book:".
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const root = document.documentElement;
root.classList.add('alive'); // shows what needs this script
export const home = new URL('..', import.meta.url);
export const page = document.body.dataset.page;

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function pushButton(textContent, action) {
  const element = make('button', { type: 'button', textContent });
  element.addEventListener('click', action);
  return element;
}

export function say(text, ...buttons) {
  $('#notice').replaceChildren(text, ...buttons);
  if (!buttons.length) setTimeout(() => $('#notice').firstChild?.data === text && $('#notice').replaceChildren(), 6000);
}

// Kept in this browser -------------------------------------------------------------------------
const texts = (list) => Array.isArray(list) && list.every((item) => typeof item === 'string');
const KEPT = { // what may be kept, and what it must look like
  theme: (value) => value === 'light' || value === 'dark',
  last: (value) => typeof value?.page === 'string' && typeof value.title === 'string' && typeof value.id === 'string',
  read: (value) => value !== null && typeof value === 'object' && Object.values(value).every(texts),
  quiz: (value) => typeof value?.given === 'string' && typeof value.right === 'boolean',
  keys: (value) => typeof value === 'boolean',
  answers: (value) => typeof value === 'boolean',
  guess: (value) => (value?.given === null || typeof value?.given === 'string' || [value?.given].flat().every(Number.isFinite))
    && (value.sure === null || (Number.isInteger(value.sure) && value.sure > 0 && value.sure < 100)),
  review: (value) => [1, 2, 3, 4, 5].includes(value?.box) && Number.isInteger(value.day),
  practice: (value) => Number.isInteger(value?.variant) && value.variant >= 0 && typeof value.solved === 'boolean',
  solved: (value) => value === true, // an exercise, as the reader says
  code: (value) => typeof value === 'string' && value.length < 100_000,
  folds: (value) => typeof value?.edition === 'string' && Array.isArray(value.open) && value.open.every(Number.isInteger),
};
const valid = (key, value) => Object.hasOwn(KEPT, key.split(':')[0]) && KEPT[key.split(':')[0]](value);
const PREFIX = 'ce-book:';
const plain = (key) => key === 'theme'; // one word, read before the first paint

export function recall(key) {
  let text = null;
  try {
    text = localStorage.getItem(PREFIX + key);
    if (text === null) return null;
    const value = plain(key) ? text : JSON.parse(text);
    if (valid(key, value)) return value;
  } catch { /* not JSON, or no storage at all */ }
  if (text !== null) say('Part of your saved progress could not be read and was ignored.');
  return null;
}

let refused = ''; // why nothing is kept, if so
export function keep(key, value) {
  try {
    localStorage.setItem(PREFIX + key, plain(key) ? value : JSON.stringify(value));
  } catch (error) {
    refused = error.name === 'QuotaExceededError' ? 'The storage that this browser gives to this site is full' : 'This browser blocks storage for this site';
  }
}

export function forget(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch { /* nothing was kept */ }
}

function tryStorage() {
  keep('keys', recall('keys') !== false);
}

function keptKeys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}

// Progress ---------------------------------------------------------------------------------------
const box = $('#progress');
const totals = JSON.parse(box.dataset.totals);

function done(chapter) {
  const read = recall('read')?.[chapter] ?? [];
  const { sections, questions, practice } = totals[chapter];
  return {
    sections: sections.filter((id) => read.includes(id)).length,
    questions: questions.filter((id) => recall(`quiz:${id}`)?.right).length,
    practice: practice.filter((id) => recall(`practice:${id}`)?.solved || recall(`solved:${id}`)).length,
  };
}

export function showProgress() {
  const sum = { sections: 0, questions: 0, practice: 0 };
  const all = { sections: 0, questions: 0, practice: 0 };
  for (const chapter of Object.keys(totals)) {
    const here = done(chapter);
    for (const kind of Object.keys(all)) {
      sum[kind] += here[kind];
      all[kind] += totals[chapter][kind].length;
    }
    const full = here.sections === totals[chapter].sections.length && here.questions === totals[chapter].questions.length;
    const link = $$('#contents a').find((a) => new URL(a.href).pathname === new URL(`${chapter}.html`, home).pathname
      || (page === chapter && a.getAttribute('href') === '#'));
    link?.classList.toggle('done', full);
  }
  const last = recall('last');
  showOnFront(last);
  const bar = make('progress', { max: all.sections + all.questions + all.practice, value: sum.sections + sum.questions + sum.practice });
  bar.setAttribute('aria-label', 'Your progress in the book');
  const parts = [
    make('p', { className: 'caption', textContent: 'Your progress' }),
    bar,
    make('p', {}, `${sum.sections} of ${all.sections} sections read, ${sum.questions} of ${all.questions} questions and ${sum.practice} of ${all.practice} practice questions and exercises solved`),
  ];
  if (refused) parts.push(make('p', { className: 'refused', textContent: `${refused}, so your progress is not kept.` }));
  if (last && Object.hasOwn(totals, last.page) && last.page !== page) {
    parts.push(make('p', {}, make('a', { href: addressOf(last), textContent: `Continue: ${last.title}` })));
  }
  const file = make('input', { type: 'file', accept: '.json', hidden: true });
  file.addEventListener('change', importFrom);
  parts.push(make('p', { className: 'buttons' }, pushButton('Export', exportTo), pushButton('Import', () => file.click()), pushButton('Reset', reset), file));
  const slash = make('input', { type: 'checkbox', checked: recall('keys') !== false });
  slash.addEventListener('change', () => keep('keys', slash.checked));
  parts.push(make('p', {}, make('label', {}, slash, ' / starts a search')));
  const always = make('input', { type: 'checkbox', checked: recall('answers') === true });
  always.addEventListener('change', () => {
    keep('answers', always.checked);
    coverAnswers();
  });
  parts.push(make('p', {}, make('label', {}, always, ' Always show answers')));
  box.replaceChildren(...parts);
}

const addressOf = ({ page: chapter, id }) => new URL(`${chapter}.html#${encodeURIComponent(id)}`, home).href;

function showOnFront(last) { // the way back to where one was, and a bar for each chapter begun
  const start = $('main .button');
  if (page !== 'index' || !start) return;
  $('main .button.second')?.remove();
  if (last && Object.hasOwn(totals, last.page)) {
    start.after(make('a', { className: 'button second', href: addressOf(last), textContent: `Continue with ${last.title}` }));
  }
  for (const item of $$('.chapter')) {
    const chapter = Object.keys(totals).find((key) => new URL(`${key}.html`, home).pathname === new URL($('a', item).href).pathname);
    if (!chapter) continue;
    const here = done(chapter);
    const all = totals[chapter].sections.length + totals[chapter].questions.length;
    const bar = make('progress', { max: all, value: here.sections + here.questions });
    bar.setAttribute('aria-label', `Chapter ${$('a', item).textContent}: ${bar.value} of ${all} sections and questions`);
    $('progress', item)?.remove();
    if (bar.value) item.append(bar);
  }
}

function exportTo() {
  const kept = {};
  for (const key of keptKeys()) {
    const value = recall(key);
    if (value !== null) kept[key] = value;
  }
  const blob = new Blob([JSON.stringify({ book: 'cross-entropy-and-softmax', version: 1, kept }, null, 1)], { type: 'application/json' });
  const link = make('a', { href: URL.createObjectURL(blob), download: 'my-progress.json' });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers read it after the click
}

async function importFrom(event) {
  try {
    const { book, version, kept } = JSON.parse(await event.target.files[0].text());
    const entries = Object.entries(kept);
    if (book !== 'cross-entropy-and-softmax' || version !== 1 || !entries.every(([key, value]) => valid(key, value))) throw new Error();
    for (const [key, value] of entries) keep(key, value);
    location.reload();
  } catch {
    say('This file is not a progress export of this book. Nothing was changed.');
  }
}

function reset() {
  const said = make('p', { id: 'ask', textContent: 'Delete your progress and your answers from this browser? Export them first if you may want them back.' });
  const cancel = pushButton('Cancel', () => dialog.close());
  const dialog = make('dialog', {}, said, make('p', { className: 'buttons' }, pushButton('Export', exportTo), pushButton('Delete', () => {
    keptKeys().forEach(forget);
    forgetFigures();
    location.reload();
  }), cancel));
  dialog.setAttribute('aria-labelledby', 'ask');
  dialog.addEventListener('close', () => {
    dialog.remove();
    $$('#progress button').at(-1).focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  cancel.focus();
}

function follow() { // a section is read when its end has been on the screen for a second
  if (!Object.hasOwn(totals, page)) return;
  const ends = new Map();
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      clearTimeout(target.timer);
      if (isIntersecting) target.timer = setTimeout(() => markRead(ends.get(target)), 1000);
    }
  });
  for (const id of totals[page].sections) {
    const section = document.getElementById(id);
    const end = section && [...section.children].findLast((part) => !part.hidden && !part.matches('.guess'));
    if (!end) continue;
    ends.set(end, section);
    seen.observe(end);
  }
}

function markRead(section) {
  const read = recall('read') ?? {};
  const here = read[page] ?? [];
  if (!here.includes(section.id)) keep('read', { ...read, [page]: [...here, section.id] });
  showProgress();
}

document.addEventListener('ce-answer', ({ detail }) => {
  tryStorage();
  showProgress();
  import(new URL('_static/review.js', home)).then(({ note }) => note(detail)).catch(() => { /* it comes back as one without a date */ });
});

// The folds that were open on the last visit, as long as the page is the same edition.
const folds = $$('main details').filter((fold) => !fold.closest('.ce-widget'));
const { edition } = document.body.dataset;
const openFolds = recall(`folds:${page}`);
if (openFolds?.edition === edition) for (const k of openFolds.open) if (folds[k]) folds[k].open = true;
addEventListener('toggle', ({ target }) => {
  if (folds.includes(target)) keep(`folds:${page}`, { edition, open: folds.flatMap(({ open }, k) => (open ? [k] : [])) });
}, true);

// Widgets: the modules that JupyterLab uses, loaded when their place comes near ----------------------
class Model {
  constructor(values, save) { Object.assign(this, { values, save, listeners: {} }); }
  get(name) { return this.values[name]; }
  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    for (const listener of this.listeners[`change:${name}`] ?? []) listener();
  }
  on(event, listener) { (this.listeners[event] ??= []).push(listener); }
  off(event, listener) { this.listeners[event] = (this.listeners[event] ?? []).filter((other) => other !== listener); }
  save_changes() { this.save?.(this.values); } // to Python, for a widget in the reader's output
}

// A figure of the page stands as it was left until the tab is closed; a later visit begins with the first state.
const keyOf = (figure) => `${PREFIX}figure:${edition}:${page}#${figure.closest('.cell, section').id}`;
const kind = (value) => (Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value);
function asLeft(figure, values) {
  try {
    const left = Object.entries(JSON.parse(sessionStorage.getItem(keyOf(figure))) ?? {});
    return Object.fromEntries(left.filter(([name, value]) => kind(value) === kind(values[name])));
  } catch { return {}; }
}
function keepFigures() {
  for (const figure of $$('.ce-widget.awake:not([data-widget=quiz], .yours *)')) {
    const first = JSON.parse(figure.dataset.model);
    const moved = Object.entries(figure.model?.values ?? {}).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(first[name]));
    try { sessionStorage.setItem(keyOf(figure), JSON.stringify(Object.fromEntries(moved))); } catch { /* blocked or full */ }
  }
}
addEventListener('pagehide', keepFigures);
function forgetFigures() {
  removeEventListener('pagehide', keepFigures);
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch { /* blocked: nothing is kept */ }
}

const enliven = (element) => (element.waking ??= wake(element)); // once, though two may ask
async function wake(element) {
  const { widget, model } = element.dataset;
  const still = [...element.childNodes];
  try {
    const { default: { render } } = await import(new URL(`_static/widgets/${widget}.js`, home));
    element.replaceChildren();
    const values = JSON.parse(model);
    element.model = new Model(element.save || widget === 'quiz' ? values : { ...values, ...asLeft(element, values) }, element.save);
    render({ model: element.model, el: element });
    if (widget === 'quiz') element.append(make('div', { className: 'ce-still' }, ...still)); // for print
  } catch (error) {
    element.replaceChildren(...still);
    try { sessionStorage.removeItem(keyOf(element)); } catch { /* blocked */ }
    delete element.model; // else what failed would be kept again
    console.error(`The figure ${widget} stays as it is: ${error.message}`);
  }
  element.classList.add('awake');
}

export const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) { near.unobserve(target); enliven(target); }
  }
}, { rootMargin: '300px' });

// Phrases of the text that set a figure: <span data-sets='boldness_dial {"alpha": 1}'>at 1</span>.
// They mean the nearest figure of that name, which then says its new state to a screen reader.
for (const span of $$('[data-sets]')) {
  const [name, state] = span.dataset.sets.split(/ (.*)/s);
  const button = make('button', { type: 'button', className: 'sets', title: 'Show this in the figure' }, ...span.childNodes);
  button.dataset.sets = span.dataset.sets;
  button.addEventListener('click', async () => {
    const far = (figure) => Math.abs(figure.getBoundingClientRect().top - button.getBoundingClientRect().top);
    const [figure] = $$(`[data-widget="${name}"]`).sort((a, b) => far(a) - far(b));
    await enliven(figure);
    for (const [key, value] of Object.entries(JSON.parse(state))) figure.model?.set(key, value);
    figure.scrollIntoView({ block: 'nearest' });
  });
  span.replaceWith(button);
}

// Questions to guess at: the answers stay covered until there is a guess, or the wish to see them ------
const guesses = new Map($$('.guess').map((box) => [box, $$(`.answers-${box.id.slice('guess-'.length)}`)]));
let loaded = null; // guess.mjs, once it is here

export function coverAnswers() {
  for (const [box, answers] of guesses) {
    box.dataset.key = `guess:${page}#${box.id.slice('guess-'.length)}`;
    const open = recall('answers') || recall(box.dataset.key) || box.made || box.failed;
    for (const answer of answers) answer.hidden = open ? false : 'until-found'; // where that is unknown, simply hidden
    if (box.asked) loaded.ask(box);
  }
}

async function askFor(box) {
  try {
    loaded = await import(new URL('_static/guess.js', home));
    box.asked = true;
    loaded.ask(box);
  } catch (error) { // nothing stays covered that could not be uncovered
    console.error(error);
    box.failed = true;
    coverAnswers();
  }
}

export function reveal(box, focus = false, made = { given: null, sure: null }) { // after a guess, or without one
  box.made ??= recall(box.dataset.key) ?? made; // for where the browser keeps nothing
  keep(box.dataset.key, box.made);
  showProgress();
  coverAnswers();
  if (focus) loaded?.ask(box, true);
}
const revealAround = (part) => { for (const [box, answers] of guesses) if (part && answers.includes(part)) reveal(box); };
addEventListener('beforematch', ({ target }) => revealAround(target), true); // found in the page

// The page ----------------------------------------------------------------------------------------
function copyButtons() {
  for (const block of $$('.cell_input .highlight, main > article :not(.cell_output) > .highlight')) {
    if ($('.copy', block)) continue;
    const button = make('button', { className: 'copy', textContent: 'Copy' });
    button.addEventListener('click', () => copy($('pre', block).innerText.trimEnd(), button));
    block.append(button);
  }
}

export async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Copying failed';
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

function nameTheme() {
  $('[data-do=theme]').setAttribute('aria-label', root.dataset.theme ? `Colours: ${root.dataset.theme}. Change to the system’s` : 'Colours: the system’s. Change');
}
nameTheme();

const ACTIONS = {
  theme() { // away from the system's choice, and back to it
    if (root.dataset.theme) {
      delete root.dataset.theme;
      forget('theme');
    } else {
      root.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'light' : 'dark';
      keep('theme', root.dataset.theme);
    }
    nameTheme();
  },
  async 'copy-page'(button) {
    const answer = await fetch(button.dataset.from).catch(() => null);
    if (answer?.ok) copy(await answer.text(), button);
    else say('The Markdown of this page could not be fetched. Check your connection.');
  },
  run: (button) => withCells('run', button),
  edit: (button) => withCells('edit', button),
  answer: (button) => withExercises(button.closest('.exercise')),
  'run-all': (button) => withCells('runAll', button),
  solved(button) {
    if (button.ariaPressed === 'true') forget(solvedKey(button));
    else keep(solvedKey(button), true);
    showSolved(button);
    showProgress();
  },
};

// Exercises that the reader says are solved.
const solvedKey = (button) => `solved:${page}#${button.closest('.exercise').id}`;
function showSolved(button) {
  const solved = recall(solvedKey(button)) === true;
  button.ariaPressed = String(solved);
  button.textContent = solved ? '✓ I solved it' : 'I solved it';
}
$$('[data-do="solved"]').forEach(showSolved);

// Ask about this chapter: loaded when the panel is opened.
$('.ask')?.addEventListener('toggle', ({ target }) => {
  const place = $('div', target);
  if (!target.open || place.hasChildNodes()) return;
  place.replaceChildren(make('p', { textContent: 'Loading …' }));
  import(new URL('_static/ask.js', home)).then(({ fill }) => fill(place)).catch(() => {
    place.replaceChildren();
    target.open = false;
    say('The panel could not be loaded. Check your connection and open it again.');
  });
});

// The cells of a chapter: what runs and edits them is loaded when a reader asks for it.
async function withCells(what, button) {
  try {
    const cells = await import(new URL('_static/run.js', home));
    await cells.prepare();
    if (what) await cells[what](button);
  } catch (error) {
    console.error(error);
    say('What runs the cells could not be loaded. Check your connection and try again.');
  }
}

// Its exercises likewise; those that were begun are there from the start.
async function withExercises(box) {
  try {
    const exercises = await import(new URL('_static/practice.js', home));
    if (box) exercises.answer(box);
  } catch (error) {
    console.error(error);
    say('What checks the exercises could not be loaded. Check your connection and try again.');
  }
}

addEventListener('click', ({ target }) => {
  const button = target.closest('[data-do]');
  if (button) ACTIONS[button.dataset.do](button);
});

// Ctrl+K searches; so does / alone, which can be switched off, since dictation and screen readers
// send single characters. Nothing else on a page acts on a key that no control has.
addEventListener('keydown', (event) => {
  const slash = event.key === '/' && !event.ctrlKey && !event.metaKey && !event.altKey && recall('keys') !== false
    && !event.target.closest('input, textarea, select, [contenteditable]');
  if (!slash && !(event.key === 'k' && (event.ctrlKey || event.metaKey))) return;
  event.preventDefault();
  $('.bar [type=search]').focus();
});

// Search: the engine is loaded when a reader turns to the field -----------------------------------------
const searching = () => import(new URL('_static/search.js', home));
$('.bar [type=search]').addEventListener('focus', async ({ target }) => {
  const said = make('p', { className: 'for-ears', role: 'status' });
  target.form.append(said);
  const { attach } = await searching();
  attach(target, $('.results'), (text) => { said.textContent = text; });
}, { once: true });
if (page === 'search') searching().then(({ fillPage }) => fillPage($('#search-results')));

// Where am I: the section in the contents and in the bar, and how far the page is read --------------------
const links = new Map($$('#contents .current a[href^="#"]').map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
const headings = $$('main :is(h2, h3)').filter((heading) => heading.closest('section[id]'));
const name = (heading) => heading.innerText.replace(/[#¶\s]+$/, '').replace(/\s+/g, ' ');

function lookAround() {
  const above = headings.filter((heading) => heading.getBoundingClientRect().top < innerHeight * 0.3);
  const trail = ['H2', 'H3'].map((tag) => above.findLast(({ tagName }) => tagName === tag));
  if (trail[0] && trail[1] && above.indexOf(trail[1]) < above.indexOf(trail[0])) trail.pop();
  const title = $('main h1');
  const away = title && title.getBoundingClientRect().bottom < 40;
  document.body.classList.toggle('reading', Boolean(away));
  $('.here').replaceChildren(...(away ? [make('span', { className: trail[0] ? 'above' : '', textContent: page === 'index' ? '' : name(title) + (trail[0] ? ' › ' : '') }), trail[0] ? name(trail[0]) : ''] : []));
  for (const link of links.values()) link.removeAttribute('aria-current');
  links.get(trail[0]?.closest('section').id)?.setAttribute('aria-current', 'location');
  const length = root.scrollHeight - innerHeight;
  $('.read-so-far').style.scale = `${length > 0 ? Math.min(1, scrollY / length) : 0} 1`;
}
function keepPlace() { // where to continue
  const here = headings.filter((heading) => heading.matches('h2') && heading.getBoundingClientRect().top < innerHeight * 0.3).at(-1)
    ?? (scrollY > 0 && recall('last')?.page !== page && $('main h1')); // a chapter just begun
  if (here && Object.hasOwn(totals, page)) keep('last', { page, id: here.closest('section').id, title: name(here) });
}
let resting = 0;
addEventListener('scroll', () => {
  clearTimeout(resting);
  resting = setTimeout(keepPlace, 500);
}, { passive: true });
addEventListener('pagehide', keepPlace);
let looking = 0;
addEventListener('scroll', () => { looking ||= requestAnimationFrame(() => { looking = 0; lookAround(); }); }, { passive: true });
lookAround();

// What a link inside the book leads to, shown beside it: on hover, on focus, and on a tap -----------------
const canPeek = 'popover' in HTMLElement.prototype; // not in browsers of 2023
const peek = make('div', { id: 'peek', popover: 'manual' });
if (canPeek) document.body.append(peek);
const pages = new Map();
const PEEKED = 'main a.internal[href*="#"]:not(.headerlink, .search a, nav a)';
let peeking = null;
let timer = 0;

async function documentOf(url) {
  const path = url.origin + url.pathname;
  if (path === location.origin + location.pathname) return document;
  if (!pages.has(path)) {
    pages.set(path, fetch(path).then((answer) => (answer.ok ? answer.text() : Promise.reject()))
      .then((text) => new DOMParser().parseFromString(text, 'text/html')));
  }
  return pages.get(path);
}

function excerpt(target) { // of a term its definition; of a figure, formula or reference itself; of a section its first lines
  if (target.matches('dt')) {
    const terms = [];
    for (let term = target; term.matches('dt'); term = term.nextElementSibling) terms.push(term);
    return [make('b', { textContent: name(target) }), ...terms.at(-1).nextElementSibling.cloneNode(true).childNodes];
  }
  const whole = target.closest('div.math, figure, .citation') ?? (target.matches('span') && target.parentElement?.matches('div.math') ? target.parentElement : null);
  if (whole) return [whole.cloneNode(true)];
  const section = target.closest('section');
  const heading = section && $('h1, h2, h3, h4', section);
  const first = section && $(':scope > p', section);
  return heading ? [make('b', { textContent: name(heading) }), ...(first ? [first.cloneNode(true)] : [])] : [];
}

async function showPeek(link, withOpen) {
  const url = new URL(link.href);
  const target = (await documentOf(url).catch(() => null))?.getElementById(decodeURIComponent(url.hash.slice(1)));
  const parts = target && peeking === link ? excerpt(target) : [];
  if (!parts.length) return;
  const holder = make('div', {}, ...parts);
  $$('[id]', holder).forEach((element) => { if (!element.closest('svg')) element.removeAttribute('id'); });
  $$('.headerlink, script, .copy, .guess', holder).forEach((element) => element.remove());
  $$('[hidden]', holder).forEach((element) => { element.hidden = false; });
  for (const use of $$('use', holder)) { // a page's figures share their glyphs: bring those that this page has not
    const id = use.getAttribute('xlink:href').slice(1);
    if (document.getElementById(id) || $(`[id="${id}"]`, holder)) continue;
    const shapes = document.createElementNS('http://www.w3.org/2000/svg', 'defs');
    shapes.append(target.ownerDocument.getElementById(id).cloneNode(true));
    use.before(shapes);
  }
  if (withOpen) holder.append(make('p', {}, make('a', { href: link.href, textContent: 'Open' })));
  peek.replaceChildren(holder);
  peek.showPopover();
  const at = link.getBoundingClientRect();
  const bar = $('.bar').getBoundingClientRect().bottom;
  const [above, below] = [at.top - bar, innerHeight - at.bottom];
  peek.style.maxHeight = `${Math.max(above, below) - 16}px`; // beside the link, not over it
  const { width, height } = peek.getBoundingClientRect();
  peek.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  peek.style.top = `${height + 12 < below || below > above ? at.bottom + 6 : at.top - height - 6}px`;
}

function hidePeek() {
  clearTimeout(timer);
  peeking = null;
  if (canPeek && peek.matches(':popover-open')) peek.hidePopover();
}

function wantPeek(link, delay, withOpen = false) {
  clearTimeout(timer);
  if (!link || new URL(link.href).origin !== location.origin || !canPeek) return;
  link.removeAttribute('title'); // said here instead, with its formulas set
  peeking = link;
  timer = setTimeout(() => showPeek(link, withOpen), delay);
}
const peekable = (target) => target.closest?.(PEEKED);
addEventListener('pointerover', ({ target, pointerType }) => {
  if (pointerType !== 'mouse') return;
  const link = peekable(target);
  if (link && link !== peeking) wantPeek(link, 300);
  else if (!link && peeking && !peek.contains(target)) { clearTimeout(timer); timer = setTimeout(hidePeek, 250); } else if (peek.contains(target)) clearTimeout(timer);
});
addEventListener('focusin', ({ target }) => {
  if (peekable(target) && target.matches(':focus-visible')) wantPeek(target, 100);
  else if (!peek.contains(target)) hidePeek();
});
addEventListener('keydown', ({ key }) => { if (key === 'Escape') hidePeek(); });
let touched = false;
addEventListener('pointerdown', ({ pointerType }) => { touched = pointerType === 'touch'; }, true);
addEventListener('click', (event) => {
  const link = peekable(event.target);
  if (touched && link && peeking !== link && canPeek && new URL(link.href).origin === location.origin) {
    event.preventDefault();
    wantPeek(link, 0, true);
  } else if (!peek.contains(event.target) || event.target.closest('a')) hidePeek();
});
addEventListener('scroll', () => { if (canPeek && peek.matches(':popover-open')) hidePeek(); }, { passive: true });

function openTarget() { // a link to something folded opens its folds
  const target = $(':target');
  const covered = target?.closest('[hidden]');
  if (covered) {
    revealAround(covered);
    target.scrollIntoView();
  }
  const folds = [];
  for (let fold = target?.closest('details'); fold; fold = fold.parentElement.closest('details')) folds.push(fold);
  if (folds.every(({ open }) => open)) return;
  for (const fold of folds) fold.open = true;
  target.scrollIntoView();
}
coverAnswers();
addEventListener('hashchange', openTarget);
openTarget();

// What is wider than the page scrolls sideways: it can be scrolled by keyboard, and says that it goes on.
export function fade(element, hidden = element.scrollWidth - element.clientWidth) {
  element.classList.toggle('cut', hidden > 1 && element.scrollLeft < hidden - 1);
  element.classList.toggle('begun', element.scrollLeft > 1);
}
function showCut({ target }) {
  const hidden = target.scrollWidth - target.clientWidth;
  if (hidden > 1) target.tabIndex = 0;
  else target.removeAttribute('tabindex');
  fade(target, hidden);
}
const wide = new ResizeObserver((entries) => entries.forEach(showCut));
$('#contents').addEventListener('click', ({ target }) => { // a section of this page: it is behind the menu
  if (target.closest('a') && canPeek && $('#contents').matches(':popover-open')) $('#contents').hidePopover();
});
$('#contents').addEventListener('toggle', ({ newState }) => { // the menu opens where the reader is
  if (newState === 'open') $('#contents :is([aria-current=location], .current > a)')?.scrollIntoView({ block: 'center' });
});
export function watch(element) {
  wide.observe(element);
  element.addEventListener('scroll', showCut, { passive: true });
}

function offline() {
  if (!('serviceWorker' in navigator) || !isSecureContext || navigator.connection?.saveData) return;
  const hadOne = navigator.serviceWorker.controller;
  navigator.serviceWorker.register(new URL('sw.js', home)).then((registration) => {
    const offer = (worker) => {
      const button = make('button', { textContent: 'Load it' });
      button.addEventListener('click', () => worker.postMessage('take over'));
      say('A newer edition of this book is available.', button);
    };
    if (registration.waiting) offer(registration.waiting);
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing;
      worker.addEventListener('statechange', () => {
        if (worker.state === 'installed' && navigator.serviceWorker.controller) offer(worker);
      });
    });
  }).catch(() => { /* the book reads on line as well */ });
  if (hadOne) navigator.serviceWorker.addEventListener('controllerchange', () => location.reload());
}

// On paper every fold is open, where the style sheet alone can't see to it.
if (!CSS.supports('selector(::details-content)')) {
  let folds = [];
  addEventListener('beforeprint', () => {
    folds = $$('details:not([open])');
    for (const fold of folds) fold.open = true;
  });
  addEventListener('afterprint', () => { for (const fold of folds) fold.open = false; });
}

$$('.ce-widget').forEach((element) => near.observe(element));
for (const box of guesses.keys()) askFor(box); // at once: a form that came late would push the text away
tryStorage();
showProgress();
follow();
const kept = keptKeys();
if (page.startsWith('chapters/') && kept.some((key) => key.startsWith(`code:${page}#`) && !key.includes('#exercise-'))) withCells();
if (kept.some((key) => key.startsWith(`practice:${page}#`) || key.startsWith(`code:${page}#exercise-`))) withExercises();
if (['pages/your_guesses', 'pages/review'].includes(page)) import(new URL(`_static/${page.slice(6)}.js`, home)).then(({ show }) => show()).catch(() => say('What this page shows could not be loaded. Check your connection and reload.'));
if (page === 'pages/your_log') import(new URL('_static/your_log.js', home)).catch(() => say('The form could not be loaded. Check your connection and reload; the tables below hold the same.'));
if (page.startsWith('practice/')) import(new URL('_static/practice.js', home)).catch(() => say('The cells of this page could not be loaded. Check your connection and reload.'));
const idle = (work) => (window.requestIdleCallback ? requestIdleCallback(work, { timeout: 1000 }) : setTimeout(work, 200));
idle(() => {
  copyButtons();
  $$('pre, div.math, .scrolls').forEach(watch);
});
addEventListener('load', () => setTimeout(offline, 3000)); // the whole book: not while this page loads

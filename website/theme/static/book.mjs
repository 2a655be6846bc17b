// What every page does: theme, shortcuts, copy buttons, widgets when they come near, the reader's
// progress, and the offline copy. All that is kept stays in this browser, under "ce-book:".
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const root = document.documentElement;
const home = new URL('..', import.meta.url);
const page = document.body.dataset.page;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function say(text, ...buttons) {
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
};
const valid = (key, value) => Object.hasOwn(KEPT, key.split(':')[0]) && KEPT[key.split(':')[0]](value);
const PREFIX = 'ce-book:';
const plain = (key) => key === 'theme'; // one word, read before the first paint

function recall(key) {
  let text = null;
  try {
    text = localStorage.getItem(PREFIX + key);
    if (text === null) return null;
    const value = plain(key) ? text : JSON.parse(text);
    if (valid(key, value)) return value;
  } catch { /* not JSON, or no storage at all */ }
  if (text !== null) say('Some of what this browser had kept about your reading could not be read; it was left aside.');
  return null;
}

function keep(key, value) {
  try {
    localStorage.setItem(PREFIX + key, plain(key) ? value : JSON.stringify(value));
  } catch { /* a private window keeps nothing */ }
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
  const { sections, questions } = totals[chapter];
  return {
    sections: sections.filter((id) => read.includes(id)).length,
    questions: questions.filter((id) => recall(`quiz:${id}`)?.right).length,
  };
}

function showProgress() {
  const sum = { sections: 0, questions: 0 };
  const all = { sections: 0, questions: 0 };
  for (const chapter of Object.keys(totals)) {
    const here = done(chapter);
    for (const kind of ['sections', 'questions']) {
      sum[kind] += here[kind];
      all[kind] += totals[chapter][kind].length;
    }
    const full = here.sections === totals[chapter].sections.length && here.questions === totals[chapter].questions.length;
    const link = $$('#contents a').find((a) => new URL(a.href).pathname === new URL(`${chapter}.html`, home).pathname
      || (page === chapter && a.getAttribute('href') === '#'));
    link?.classList.toggle('done', full);
  }
  const last = recall('last');
  const bar = make('progress', { max: all.sections + all.questions, value: sum.sections + sum.questions });
  bar.setAttribute('aria-label', 'Done of the book');
  const parts = [
    make('p', { className: 'caption', textContent: 'Your progress' }),
    bar,
    make('p', {}, `${sum.sections} of ${all.sections} sections, ${sum.questions} of ${all.questions} questions`),
  ];
  if (last && Object.hasOwn(totals, last.page) && last.page !== page) {
    const to = new URL(`${last.page}.html#${encodeURIComponent(last.id)}`, home);
    parts.push(make('p', {}, make('a', { href: to, textContent: `Continue: ${last.title}` })));
  }
  const file = make('input', { type: 'file', accept: '.json', hidden: true });
  file.addEventListener('change', importFrom);
  const button = (textContent, action) => {
    const element = make('button', { textContent });
    element.addEventListener('click', action);
    return element;
  };
  parts.push(make('p', { className: 'buttons' }, button('Export', exportTo), button('Import', () => file.click()), button('Reset', reset), file));
  box.replaceChildren(...parts);
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
  URL.revokeObjectURL(link.href);
}

async function importFrom(event) {
  try {
    const { book, version, kept } = JSON.parse(await event.target.files[0].text());
    const entries = Object.entries(kept);
    if (book !== 'cross-entropy-and-softmax' || version !== 1 || !entries.every(([key, value]) => valid(key, value))) throw new Error();
    for (const [key, value] of entries) keep(key, value);
    location.reload();
  } catch {
    say('That file is not an export of this book’s progress; nothing was changed.');
  }
}

function reset() {
  const yes = make('button', { textContent: 'Forget it all' });
  yes.addEventListener('click', () => {
    for (const key of keptKeys()) localStorage.removeItem(PREFIX + key);
    location.reload();
  });
  const no = make('button', { textContent: 'Keep it' });
  no.addEventListener('click', () => $('#notice').replaceChildren());
  say('Forget your progress and answers? Export them first if you may want them back.', yes, no);
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
    if (!section?.lastElementChild) continue;
    ends.set(section.lastElementChild, section);
    seen.observe(section.lastElementChild);
  }
}

function markRead(section) {
  const read = recall('read') ?? {};
  const here = read[page] ?? [];
  keep('last', { page, id: section.id, title: $('h2', section)?.firstChild?.parentElement.innerText.replace(/[#¶\s]+$/, '') ?? page });
  if (!here.includes(section.id)) keep('read', { ...read, [page]: [...here, section.id] });
  showProgress();
}

document.addEventListener('ce-answer', showProgress);

// Widgets: the modules that JupyterLab uses, loaded when their place comes near ----------------------
class Model {
  constructor(values) { this.values = values; this.listeners = {}; }
  get(name) { return this.values[name]; }
  set(name, value) {
    if (this.values[name] === value) return;
    this.values[name] = value;
    for (const listener of this.listeners[`change:${name}`] ?? []) listener();
  }
  on(event, listener) { (this.listeners[event] ??= []).push(listener); }
  off(event, listener) { this.listeners[event] = (this.listeners[event] ?? []).filter((other) => other !== listener); }
  save_changes() {}
}

async function enliven(element) {
  const { widget, model } = element.dataset;
  const still = [...element.childNodes];
  try {
    const { default: { render } } = await import(new URL(`_static/widgets/${widget}.mjs`, home));
    element.replaceChildren();
    render({ model: new Model(JSON.parse(model)), el: element });
  } catch (error) {
    element.replaceChildren(...still);
    console.error(`The figure ${widget} stays as it is: ${error.message}`);
  }
}

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) { near.unobserve(target); enliven(target); }
  }
}, { rootMargin: '300px' });

// The page ----------------------------------------------------------------------------------------
function copyButtons() {
  for (const block of $$('.cell_input .highlight, main > article :not(.cell_output) > .highlight')) {
    if ($('.copy', block)) continue;
    const button = make('button', { className: 'copy', textContent: 'Copy' });
    button.addEventListener('click', () => copy($('pre', block).innerText.trimEnd(), button));
    block.append(button);
  }
}

async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'The browser refused';
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

const ACTIONS = {
  theme() {
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    keep('theme', root.dataset.theme);
  },
  async 'copy-page'(button) {
    const answer = await fetch(button.dataset.from).catch(() => null);
    if (answer?.ok) copy(await answer.text(), button);
    else say('The Markdown of this page could not be fetched.');
  },
};

addEventListener('click', ({ target }) => {
  const button = target.closest('[data-do]');
  if (button) ACTIONS[button.dataset.do](button);
});

addEventListener('keydown', (event) => {
  if (event.target.closest('input, textarea, select, [role=slider], .ce-widget')) return;
  const search = (event.key === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !event.ctrlKey);
  if (search) {
    event.preventDefault();
    $('[type=search]').focus();
  } else if (!event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.target.closest('[tabindex]')) {
    if (event.key === 'ArrowLeft') $('a[rel=prev]')?.click();
    if (event.key === 'ArrowRight') $('a[rel=next]')?.click();
  }
});

const wide = new ResizeObserver((entries) => { // what scrolls sideways can be scrolled by keyboard
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute('tabindex');
  }
});

function offline() {
  if (!('serviceWorker' in navigator) || !isSecureContext || navigator.connection?.saveData) return;
  const hadOne = navigator.serviceWorker.controller;
  navigator.serviceWorker.register(new URL('sw.js', home)).then((registration) => {
    const offer = (worker) => {
      const button = make('button', { textContent: 'Show it' });
      button.addEventListener('click', () => worker.postMessage('take over'));
      say('There is a newer edition of this book.', button);
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

$$('.ce-widget').forEach((element) => near.observe(element));
showProgress();
follow();
const idle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));
idle(() => {
  copyButtons();
  $$('pre, .math, .scrolls').forEach((element) => wide.observe(element));
});
addEventListener('load', () => setTimeout(offline, 3000)); // the whole book: not while this page loads

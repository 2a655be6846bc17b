// Runs on the front page of the built site: makes the whole book one document, for paper and for
// e-readers. Each page becomes a section, its ids and the links to them carry the page's name;
// what is folded or moves on the website is told as text and still pictures.
const home = new URL('.', location.href);
const published = new URL('.', document.querySelector('link[rel=canonical]').href);
const SITE_ONLY = 'nav, .narrow, .headerlink, .sd-tab-set > input, .toctree-wrapper, .with-script, style:has(+ .with-script), .copy, script, button, .sd-summary-state-marker';

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const slug = (path) => path.replace(/\.html$/, '').replaceAll('/', '-');
const anchor = (path, id) => (id ? `${slug(path)}--${id}` : slug(path));
const pathOf = (url) => url.pathname.slice(home.pathname.length) || 'index.html';
const heading = (element) => element.textContent.replace(/\s+/g, ' ').trim();

// The pages in the order of the site's own contents, each with the part it belongs to.
function order() {
  const found = [{ path: 'index.html', part: '' }];
  let part = '';
  for (const element of document.querySelectorAll('#contents > .caption, #contents .toctree-l1 > a')) {
    if (element.matches('.caption')) part = heading(element);
    else if (!/\/practice\/|\/pages\/(your_guesses|review)\./.test(element.href)) found.push({ path: pathOf(new URL(element.href)), part }); // they need scripts
  }
  return found;
}

async function fetched(path) {
  const response = await fetch(new URL(path, home));
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const article = document.importNode(page.querySelector('main article'), true);
  article.querySelectorAll(SITE_ONLY).forEach((element) => element.remove());
  article.querySelectorAll('mjx-container.wide').forEach((formula) => formula.classList.remove('wide')); // at any width
  if (path.startsWith('chapters/')) { // code that is copied out of a PDF loses its indentation
    const notebook = make('a', { href: new URL(path.replace(/\.html$/, '.ipynb'), published).href, textContent: 'This chapter as a notebook' });
    article.querySelector('.cell_input')?.before(make('p', { className: 'live' }, notebook, ', to run and to copy its code.'));
  }
  for (const tab of article.querySelectorAll('.sd-tab-label')) {
    tab.replaceWith(make('p', { className: 'opened-title', textContent: heading(tab) }));
  }
  return article;
}

// Ids carry the page's name; links lead into this document, or to the published site.
function rename(article, path, known) {
  for (const element of article.querySelectorAll('[id]')) {
    if (!element.closest('svg')) element.id = anchor(path, element.id);
  }
  for (const link of article.querySelectorAll('a[href]')) {
    const url = new URL(link.getAttribute('href'), new URL(path, home));
    link.href = url.href; // as browsers write it: some addresses hold < and >
    if (url.origin !== home.origin || !url.pathname.startsWith(home.pathname)) continue;
    const to = pathOf(url);
    link.href = known.has(to)
      ? `#${anchor(to, decodeURIComponent(url.hash.slice(1)))}`
      : new URL(`${to}${url.hash}`, published).href;
  }
}

// A widget's first state: the drawing that its module makes, with its key, then its numbers. What is empty before a
// press (.ce-later) is left out.
async function still(box, path) {
  const { widget, model } = box.dataset;
  const values = JSON.parse(model);
  const { default: { render } } = await import(new URL(`_static/widgets/${widget}.js`, home));
  const stage = make('div', { className: 'ce-widget' });
  document.body.append(stage);
  render({ model: { get: (name) => values[name], set() {}, on() {}, off() {}, save_changes() {} }, el: stage });
  const drawings = [...stage.querySelectorAll('svg:not(.ce-later)')].filter((svg) => svg.getBoundingClientRect().width > 100);
  for (const svg of drawings) {
    for (const element of [svg, ...svg.querySelectorAll('*')]) {
      for (const name of element.getAttributeNames()) {
        if (/^(tabindex|role|focusable|aria-.*)$/.test(name)) element.removeAttribute(name);
      }
    }
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', heading(box.querySelector('p')));
    svg.classList.add('ce-drawing');
  }
  const keys = [...stage.querySelectorAll('.ce-key:not(.ce-hint)')];
  for (const hint of stage.querySelectorAll('.ce-hint')) hint.remove();
  stage.remove();
  if (drawings.length) box.querySelector('.ce-first')?.remove(); // the module's own drawing is better
  const section = box.closest('section[id]');
  const live = new URL(`${path}#${section?.id.split('--')[1] ?? ''}`, published).href;
  box.prepend(...drawings, ...keys);
  box.append(make('p', { className: 'live' }, make('a', { href: live, textContent: 'On the website this figure moves' }), '.'));
}

// Folded solutions and answers go to the end of the book, and so do proofs, derivations and code
// that nothing later needs; any other fold is opened where it is.
const ASIDE = /^(Proof|Going deeper|Code)\b/;
function unfold(article, path, answers) {
  let asked = 0;
  for (const fold of article.querySelectorAll('details')) {
    const summary = fold.querySelector('summary');
    const said = heading(summary.querySelector('.collapsed') ?? summary);
    summary.remove();
    const question = fold.closest('[data-widget=quiz]');
    const aside = ASIDE.test(said);
    if (!question && !aside && !/solution|answer/i.test(said)) {
      fold.replaceWith(make('div', { className: 'opened' }, make('p', { className: 'opened-title', textContent: said }), ...fold.childNodes));
      continue;
    }
    const label = question ? `Question ${asked += 1}` : (aside ? drawn(fold) : exercise(fold)) || said;
    const id = anchor(path, label.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/-$/, ''));
    let entry = answers.at(-1);
    if (entry?.id !== id) {
      entry = { id, label, path, aside, parts: question ? [question.querySelector('p').cloneNode(true)] : [] };
      answers.push(entry);
      const where = aside ? label : question ? 'Answer' : 'Solution';
      const link = make('a', { href: `#answers--${id}`, textContent: where });
      fold.before(make('p', { className: 'turn', id }, link, pageNumber(`answers--${id}`)));
      if (question) question.prepend(make('p', { className: 'question-number', textContent: label }));
    }
    entry.parts.push(...fold.childNodes);
    const cell = fold.closest('.cell');
    fold.remove();
    if (cell && !question && !cell.querySelector('.turn')) cell.remove();
  }
}

function drawn(fold) { // "Code for Figure 4.2", from the figure above the fold
  const number = fold.closest('.cell')?.previousElementSibling?.matches('figure')
    && fold.closest('.cell').previousElementSibling.querySelector('.caption-number');
  return number ? `Code for ${heading(number)}` : null;
}

function exercise(fold) { // "4 ★★", from the paragraph that the solution follows
  for (let before = (fold.closest('.cell') ?? fold).previousElementSibling; before; before = before.previousElementSibling) {
    const number = before.matches('p') && before.firstElementChild?.matches('strong') && /^\d+ ★+/.exec(heading(before));
    if (number) return `Exercise ${number[0]}`;
  }
  return null;
}

const pageNumber = (id) => {
  const place = make('span', { className: 'page-number' });
  place.dataset.to = id;
  return place;
};

function appendix(id, title, pages, answers) {
  const section = make('section', { id, className: 'page' }, make('h1', { textContent: title }));
  for (const { path, title } of pages) {
    const own = answers.filter((entry) => entry.path === path);
    if (!own.length) continue;
    const chapter = make('section', { id: `${section.id}--${slug(path)}` }, make('h2', { textContent: title }));
    for (const { id: entry, label, parts } of own) {
      const back = make('a', { href: `#${entry}`, textContent: label });
      chapter.append(make('div', { className: 'answer', id: `answers--${entry}` }, make('p', { className: 'answer-title' }, back), ...parts));
    }
    section.append(chapter);
  }
  return section;
}

// Fills the body with the sections, and returns what stands in the contents.
window.assemble = async () => {
  document.documentElement.dataset.theme = 'light';
  const pages = order();
  const known = new Set(pages.map(({ path }) => path));
  const answers = [];
  const whole = make('main', { id: 'book' });
  for (const page of pages) {
    const { path } = page;
    const article = await fetched(path);
    rename(article, path, known);
    const title = article.querySelector('h1');
    if (path === 'index.html') title.textContent = 'About this book';
    page.title = heading(title);
    for (const box of article.querySelectorAll('.ce-widget:not([data-widget=quiz])')) await still(box, path);
    unfold(article, path, answers);
    for (const box of article.querySelectorAll('.ce-widget')) {
      for (const name of Object.keys(box.dataset)) if (name !== 'widget') delete box.dataset[name];
    }
    page.id = slug(path);
    const section = make('section', { id: page.id, className: 'page' }, article);
    section.dataset.page = path.replace('.html', ''); // the site's style names a page by it
    whole.append(section);
  }
  const { part } = pages.at(-1);
  const printed = [...pages];
  for (const [id, title, own] of [
    ['proofs', 'Proofs, derivations and code', answers.filter(({ aside }) => aside)],
    ['answers', 'Answers and solutions', answers.filter(({ aside }) => !aside)],
  ]) {
    if (!own.length) continue;
    whole.append(appendix(id, title, printed, own));
    pages.push({ id, title, part });
  }
  document.body.replaceChildren(whole);
  await document.fonts.ready;
  for (const page of pages) {
    page.sections = [...document.querySelectorAll(`#${CSS.escape(page.id)} h2`)]
      .map((element) => ({ id: element.closest('section[id]').id, title: heading(element) }));
  }
  const said = (name) => document.querySelector(`meta[property="${name}"], meta[name="${name}"]`).content;
  const { edition, version } = document.body.dataset;
  return { title: said('og:site_name'), author: said('author'), pages, edition, version, published: published.href };
};

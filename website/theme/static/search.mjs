// The search: over sections, terms and figures, in the bar as one types and on the search page.
// Loaded when a reader begins to search; the engine is MiniSearch.
import MiniSearch from './minisearch.js';

const home = new URL('..', import.meta.url);
const NUMBER = String.raw`\d+(?:[.,]\d+)*(?:e[-+]?\d+)?`;
const TOKEN = new RegExp(`${NUMBER}|[\\p{L}_][\\p{L}\\p{M}\\p{N}_]*`, 'giu');
const NUMERIC = new RegExp(`^${NUMBER}$`, 'i');
const SAME = [ // other ways to write what the book writes
  [/\blog[-\s]?sum[-\s]?exp\b|\blse\b/gi, 'logsumexp'],
  [/\b(?:cross[-\s]?entropy[-\s]?)?loss (?:(?:is|goes|turns|becomes|to|=) )*nan\b|\bnan loss\b/gi, 'nan patterns'],
  [/\bcross[-\s]?entropy[-\s]?loss\b|\bcrossentropyloss\b|\bcrossentropy\b/gi, 'cross entropy'],
  [/\bnll(_?loss)?\b/gi, 'negative log likelihood'],
  [/\bkl(div(loss)?)?\b/gi, 'kullback'],
  [/\bbcewithlogits(loss)?\b|\b(binary|sigmoid)_cross_entropy_with_logits\b/gi, 'logistic loss'],
  [/\bweight decay\b|\bregulari[sz]\w*/gi, 'l2 penalty'],
  [/\boverfit\w*/gi, 'penalty new pictures'],
  [/τ|\btau\b/gi, 'temperature'],
  [/\beps\b|ε/gi, 'eps'],
  [/\bdouble softmax\b/gi, 'softmax twice'],
  [/\bsoft-?cap(ping)?\b/gi, 'soft cap'],
  [/\bppl\b/gi, 'perplexity'],
  [/\btop[-\s]p\b/gi, 'nucleus'],
  [/(?<![\w.])[-−]100\b/g, 'ignore_index'],
];
const ABSENT = [ // what the book does not treat, and what it has instead
  [/\bdrop-?out\b/gi, 'l2 penalty'],
];

// Words that say nothing about a place: left out if no place has all that was asked.
export const EMPTY = new Set('a about again all also am an and any are as at be because been book but by can could did do does for from get go had has have how i if in into is it its just like me mean means much my no not of on one or our should so some than that the their them then there these they this to use used was we were what when where which who why will with would you your'.split(' '));

const tokens = (text) => (text.replaceAll('−', '-').match(TOKEN) ?? []);
// A word without accents and endings: masks, masked and masking are one word.
const folded = (term) => term.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/(?<=\d),(?=\d{3})/g, '')
  .replace(/(?<=[a-z]{3})(?:ing|ed|(?<![su])s)$/, '').replace(/(?<=[a-z]{3})e$/, '');

let loading;
function engine() {
  loading ??= fetch(new URL('search.json', home)).then((answer) => answer.json()).then((places) => {
    const search = new MiniSearch({
      fields: ['t', 'crumb', 'x', 'y'],
      tokenize: tokens,
      processTerm: folded,
    });
    search.addAll(places.map(({ t, c, x, y, k, s }, id) => (k === 'question' // its title is a whole text
      ? { id, crumb: [...c, s].join(' '), x: `${t} ${x}`, y } : { id, t, crumb: c.join(' '), x })));
    return { search, places };
  });
  loading.catch(() => { loading = undefined; });
  return loading;
}

// A number is also looked for with fewer digits: who has 2.302585 in a log wants 2.303.
function rounded(term) {
  if (!NUMERIC.test(term) || !term.includes('.')) return [term];
  const [mantissa, exponent = ''] = term.split(/(?=e)/);
  const shorter = [3, 4, 5].map((n) => Number(mantissa).toPrecision(n)).filter((text) => text.length < mantissa.length && !text.includes('e'));
  return [term, ...shorter.map((text) => text + exponent)];
}

const KIND = { term: 1.6, page: 1.3, section: 1.2, figure: 0.8, question: 0.6 };
const weight = ({ k, p }) => KIND[k] * (p === 'pages/reference' ? 0.6 : 1); // first what explains

// Places that have all of the words; if they are few, then the nearest, marked as `partly`.
// any : whether places with only some of the words are as good.
export async function find(query, most = 30, any = false) {
  const { search, places } = await engine();
  const replaced = (list, text) => list.reduce((known, [pattern, word]) => known.replace(pattern, ` ${word} `), text);
  const instead = replaced(ABSENT, query);
  const all = tokens(replaced(SAME, instead));
  let words = all.map(folded);
  if (!words.length) return [];
  const prefix = (term) => term === words.at(-1) && !NUMERIC.test(term) && term.length > 1;
  const asking = (nearby) => words.map((word) => ({
    combineWith: 'OR',
    queries: rounded(word),
    prefix,
    fuzzy: (term) => (NUMERIC.test(term) || term.length < 5 ? 0 : nearby),
    boostTerm: (term) => (NUMERIC.test(term) && term !== word ? 0.3 : 1), // rounded: a weaker hit
  }));
  const options = { boost: { t: 4, crumb: 0.5, y: 0.5 }, boostDocument: (id) => weight(places[id]) };
  const look = (combineWith, nearby) => search.search({ combineWith, queries: asking(nearby) }, options);
  let exact = any ? [] : look('AND', 0);
  if (!any && !exact.length) {
    const telling = all.filter((word) => !EMPTY.has(word.toLowerCase())).map(folded);
    if (telling.length && telling.length < words.length) {
      words = telling;
      exact = look('AND', 0);
    }
  }
  const whole = new Set(exact.map(({ id }) => id));
  const nearest = exact.length > 2 ? [] : [0, 0.2, 0.34] // the last: letters changed places
    .reduce((hits, nearby) => (hits.length ? hits : look('OR', nearby)), []);
  const found = [...exact, ...nearest.filter(({ id }) => !whole.has(id))];
  // A title that holds all that was asked comes before a page that mentions it often.
  const titled = ({ id, terms }) => {
    if (places[id].k === 'question') return 1;
    const title = tokens(places[id].t).map(folded);
    const same = (word, part) => part === word || (word === words.at(-1) && part.startsWith(word)) || (!exact.length && terms.includes(part));
    const asked = words.filter((word) => title.some((part) => same(word, part))).length / words.length;
    const named = title.filter((part) => words.some((word) => same(word, part))).length / title.length;
    return (1 + asked) ** 2 * (1 + named / 2);
  };
  const score = new Map(found.map((hit) => [hit, hit.score * titled(hit)]));
  found.sort((a, b) => whole.has(b.id) - whole.has(a.id) || score.get(b) - score.get(a));
  return found.slice(0, most).map(({ id, terms }) => ({ ...places[id], terms, partly: !any && (!whole.has(id) || instead !== query) }));
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export const address = ({ p, h }) => new URL(`${p}.html${h ? `#${h}` : ''}`, home).href;

// Text with the found words marked, cut around the first of them.
export function marked(text, terms, length = 170) {
  const known = new Set(terms);
  const at = [...text.replaceAll('−', '-').matchAll(TOKEN)].filter(([word]) => known.has(folded(word)));
  const start = Math.max(0, (at[0]?.index ?? 0) - 50);
  const from = start ? text.indexOf(' ', start) + 1 : 0;
  const to = from + length < text.length ? text.lastIndexOf(' ', from + length) : text.length;
  const line = make('p', { className: 'context' }, from ? '… ' : '');
  let done = from;
  for (const { 0: word, index } of at) {
    if (index < done || index + word.length > to) continue;
    line.append(text.slice(done, index), make('mark', { textContent: text.slice(index, index + word.length) }));
    done = index + word.length;
  }
  line.append(text.slice(done, Math.max(done, to)), to < text.length ? ' …' : '');
  return line;
}

function result(hit) {
  const trail = [...hit.c, ...(hit.k === 'figure' ? ['Figure'] : hit.s ? [hit.s] : [])].join(' › ');
  const title = hit.k === 'question' && hit.h && hit.t.length > 130 ? marked(hit.t, hit.terms, 120).childNodes : [hit.t];
  return make('li', { className: hit.k }, make('a', { href: address(hit) },
    make('span', { className: 'crumb', textContent: trail || 'Page' }),
    make('b', {}, ...title)), ...(hit.x ? [marked(hit.x, hit.terms)] : []));
}

function nothing(query) {
  return make('p', { className: 'nothing' }, `Nothing in the book matches “${query}”. Try fewer words, a number with fewer digits, or look into the `,
    make('a', { href: new URL('pages/glossary.html', home).href, textContent: 'glossary' }), ' or ',
    make('a', { href: new URL('pages/cheat_sheet.html', home).href, textContent: 'cheat sheet' }), '.');
}

// Fill a place with what is found: passages, then up to `asked` questions; returns their number.
async function show(query, place, most, asked) {
  try {
    const hits = await find(query, Infinity);
    const [none, isQuestion] = [hits[0]?.partly, ({ k }) => k === 'question'];
    const questions = hits.filter((hit) => isQuestion(hit) && (none || !hit.partly)).slice(0, asked);
    const passages = hits.filter((hit) => !isQuestion(hit)).slice(0, most - questions.length);
    const [whole, nearest] = [passages.filter(({ partly }) => !partly), passages.filter(({ partly }) => partly)];
    const parts = [];
    const list = (found, className, textContent) => {
      if (found.length && textContent) parts.push(make('p', { className, textContent }));
      if (found.length) parts.push(make('ol', {}, ...found.map(result)));
    };
    list(whole);
    list(nearest, none ? 'nothing' : 'kind', none ? `Nothing in the book has all of “${query}”. The nearest:` : 'Places that have some of these words');
    list(questions, 'kind', 'Questions to try');
    if (!parts.length && query.trim()) parts.push(nothing(query));
    place.replaceChildren(...parts);
    return none ? 0 : whole.length + questions.length;
  } catch {
    place.replaceChildren(make('p', { className: 'nothing', textContent: 'The search could not be loaded. Check your connection and try again.' }));
    return 0;
  }
}

// In the bar: results below the field as one types.
export function attach(input, panel, say) {
  const list = make('div');
  panel.replaceChildren(list);
  const links = () => [...panel.querySelectorAll('a')];
  let asked = 0;
  const look = async () => {
    const turn = asked += 1;
    const query = input.value;
    panel.hidden = !query.trim();
    if (panel.hidden) return;
    const count = await show(query, list, 12, 3);
    panel.scrollTop = 0;
    if (turn === asked) say(count ? `${count} ${count === 1 ? 'result' : 'results'}` : list.querySelector('li a') ? 'No exact results; the nearest are listed' : 'No results');
  };
  input.addEventListener('input', look);
  input.addEventListener('focus', look);
  const box = input.form;
  box.addEventListener('keydown', (event) => {
    const all = [input, ...links()];
    const here = all.indexOf(document.activeElement);
    if (event.key === 'Escape') { input.focus(); panel.hidden = true; } // the focus shows it again
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && here >= 0) {
      event.preventDefault();
      all[(here + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length].focus();
    }
  });
  box.addEventListener('submit', (event) => { // a server with clean URLs drops what follows ? and keeps what follows #
    event.preventDefault();
    const asked = new URLSearchParams({ q: input.value });
    location.assign(new URL(`search.html?${asked}#${asked}`, home));
  });
  box.addEventListener('focusout', ({ relatedTarget }) => { if (!box.contains(relatedTarget)) panel.hidden = true; });
  panel.addEventListener('click', ({ target }) => { if (target.closest('a')) panel.hidden = true; });
  look();
}

// On the search page: all results of ?q=.
export async function fillPage(place) {
  const query = [location.search, location.hash].map((part) => new URLSearchParams(part.slice(1)).get('q')).find(Boolean) ?? '';
  const list = make('div');
  place.replaceChildren(make('p', { textContent: query ? 'Searching …' : 'Type what you look for into the field above: words, a symbol, or a number from your log.' }), list);
  if (!query) return;
  document.querySelector('.bar input').value = query;
  const count = await show(query, list, 60, 15);
  place.firstChild.textContent = count ? `${count} places mention “${query}”.` : '';
}

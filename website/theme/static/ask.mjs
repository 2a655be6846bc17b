// Ask about this chapter: questions that the book answers with its own passages, found by its search,
// and a prompt for a reader's own assistant. Loaded when a reader opens the panel.
import { copy, home, make, page, pushButton, recall, say } from './book.mjs';
import { address, EMPTY, find, marked } from './search.js';

document.head.append(make('link', { rel: 'stylesheet', href: new URL('_static/cells.css', home).href }));

const ASSISTANTS = { ChatGPT: 'https://chatgpt.com/', Claude: 'https://claude.ai/new', Gemini: 'https://gemini.google.com/app' };
const TUTOR = `You are my tutor for one section of the book “Cross-Entropy and Softmax”. The section is below, with what its code prints. Find out by questions what I understand: ask one short question at a time and wait for my answer. Do not solve anything for me and do not give an answer away. When I am wrong, point to the sentence, formula or line of the section that shows it, and ask again. Keep to the section; say so if something is not in it. Begin with your first question.`;

const title = (section) => section.querySelector('h2').innerText.replace(/[#¶\s]+$/, '').replace(/\s+/g, ' ');

// The sections of a chapter's Markdown, one text each; the chapter's head is not among them.
export function sections(markdown) {
  const found = [];
  let fenced = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) fenced = !fenced;
    if (!fenced && line.startsWith('## ')) found.push([]);
    found.at(-1)?.push(line);
  }
  return found.map((lines) => lines.join('\n').trim());
}

// The passages of the book that fit a question best, wherever they stand.
async function passages(question) {
  const words = question.split(/\s+/).filter((word) => !EMPTY.has(word.toLowerCase().replace(/[^\p{L}]/gu, '')));
  const asked = words.join(' ') || question;
  const hits = new Map();
  for (const any of [false, true]) { // places with all of the words, then with some
    const found = (await find(asked, 40, any)).filter(({ k }) => k !== 'question').slice(0, 12);
    for (const hit of found) if (hit.x && !hits.has(address(hit))) hits.set(address(hit), hit);
  }
  return [...hits.values()].slice(0, 5).map((hit) => make('li', {},
    make('a', { href: address(hit), textContent: [...hit.c.slice(-1), hit.t].join(' › ') }), marked(hit.x, hit.terms, 420)));
}

export function fill(panel) {
  const parts = [...document.querySelectorAll('main article > section > section')];
  const answer = make('div', { className: 'answer' });
  answer.setAttribute('role', 'status');
  function show(question, ...content) {
    answer.replaceChildren(make('p', {}, make('b', { textContent: question })), ...content);
    answer.scrollIntoView({ block: 'nearest' }); // it may stand below the screen
  }

  async function look(question) {
    try {
      const found = await passages(question);
      if (found.length) show(question, make('ol', {}, ...found));
      else show(question, make('p', { textContent: 'No passage of the book has these words. Try the words that the chapter uses, or a term of the glossary.' }));
    } catch {
      show(question, make('p', { textContent: 'The index of the book could not be loaded. Check your connection and ask again.' }));
    }
  }

  // The chapter's own questions and answers stand at its end.
  const own = [...document.querySelectorAll('#questions-readers-ask > p')].filter((text) => text.firstElementChild?.matches('strong') && text.textContent.includes('?'));
  const asked = own.map((text) => {
    const question = text.firstElementChild.textContent;
    return pushButton(question, () => {
      const reply = text.cloneNode(true);
      reply.firstElementChild.remove();
      reply.querySelectorAll('[id]').forEach((element) => element.removeAttribute('id'));
      show(question, reply, make('p', {}, make('a', { href: '#questions-readers-ask', textContent: title(text.closest('section')) })));
    });
  });

  const choose = make('select', { id: 'ask-section' }, ...parts.map((section, k) => make('option', { value: k, textContent: title(section) })));
  const here = parts.findIndex(({ id }) => recall('last')?.page === page && recall('last').id === id);
  choose.value = Math.max(0, here);
  const suggested = make('p', { className: 'suggested' });
  function suggest() {
    const section = parts[choose.value];
    const terms = new Map([...section.querySelectorAll('a[href*="glossary.html#term-"]')].map((link) => [link.hash, link.textContent.trim()]));
    const name = title(section).replace(/^[\d.]+ /, '');
    suggested.replaceChildren(
      ...[...terms.values()].slice(0, 5).map((term) => pushButton(`What is meant by “${term}”?`, () => look(term))),
      pushButton(`Where else does the book speak of “${name}”?`, () => look(name)),
    );
  }
  choose.addEventListener('change', suggest);
  suggest();

  const field = make('input', { type: 'text', id: 'ask-text', autocomplete: 'off' });
  const form = make('form', {}, make('label', { htmlFor: 'ask-text', textContent: 'Your question' }), field, make('button', { textContent: 'Ask the book' }));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (field.value.trim()) look(field.value.trim());
  });

  const prompt = pushButton('Copy as a tutor prompt', async () => {
    const from = await fetch(new URL(`${page}.md`, home)).catch(() => null);
    if (!from?.ok) say('The Markdown of this page could not be fetched. Check your connection.');
    else {
      const mine = field.value.trim() ? `\n\nMy question: ${field.value.trim()}` : '';
      const source = document.querySelector('link[rel=canonical]')?.href ?? location.href;
      await copy(`${TUTOR}\n\nFrom ${source}#${parts[choose.value].id}\n\n---\n\n${sections(await from.text())[choose.value]}\n\n---${mine}`, prompt);
    }
  });
  const away = Object.entries(ASSISTANTS).flatMap(([name, href]) => [' ', make('a', { href, rel: 'noopener noreferrer', target: '_blank', textContent: name })]);
  panel.replaceChildren(
    make('p', { textContent: 'The book answers with its own passages; nothing is sent anywhere.' }),
    ...(asked.length ? [make('p', { textContent: 'Readers of this chapter ask:' }), make('p', { className: 'suggested' }, ...asked)] : []),
    make('p', {}, make('label', { htmlFor: 'ask-section', textContent: 'Section ' }), choose),
    suggested, form, answer,
    make('p', {}, prompt, ' copies the chosen section, what its code prints, and the request to ask you questions and not to solve. Paste it into an assistant of yours. These links leave the site and open in a new tab:', ...away),
  );
}

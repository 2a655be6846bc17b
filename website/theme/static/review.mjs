// Review: questions come back by Leitner's boxes. An answer that is right when its question is due
// moves the question to the next box; a wrong one moves it to the first. `book.mjs` calls `note` after
// each answer; the page "Due today" calls `show`.
import { home, keep, make, near, page, recall } from './book.mjs';

const DAYS = [1, 3, 7, 14, 30]; // after how many days the question of each box comes back

export const today = (now = new Date()) => Math.floor((now.getTime() - now.getTimezoneOffset() * 60_000) / 86_400_000);
const due = ({ box, day }) => day + DAYS[box - 1];

// What is kept of a question after an answer: its box, and the day from which its days count.
// The first answer, if right, puts it into the second box.
export function next(kept, right, day) {
  if (!right) return { box: 1, day };
  if (kept && due(kept) > day) return kept;
  return { box: Math.min(DAYS.length, (kept?.box ?? 1) + 1), day };
}

export function note({ key, right }) {
  const kept = next(recall(`review:${key}`), right, today());
  keep(`review:${key}`, kept);
  return kept;
}

const days = (n) => (n === 1 ? 'tomorrow' : `in ${n} days`);

export async function show() {
  const answer = await fetch(new URL(`${page}.json`, home));
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const chapters = await answer.json();
  const [asked, later] = [[], []];
  for (const chapter of chapters) {
    for (const [key, model] of Object.entries(chapter.questions)) {
      if (!recall(`quiz:${key}`)) continue; // not answered yet: it is asked in its chapter
      const kept = recall(`review:${key}`);
      const wait = kept ? due(kept) - today() : 0;
      if (wait <= 0) asked.push({ chapter, key, model, since: kept ? due(kept) : -1 });
      else later.push(wait);
    }
  }
  asked.sort((a, b) => a.since - b.since);
  const place = document.getElementById('reviews-due');
  const boxes = asked.map(({ chapter, key, model }) => {
    const box = make('div', { className: 'ce-widget' });
    Object.assign(box.dataset, { widget: 'quiz', question: key, model: JSON.stringify({ ...model, fresh: true }) });
    const back = make('p');
    back.setAttribute('role', 'status');
    box.addEventListener('ce-answer', () => setTimeout(() => { // after the book has noted it
      const kept = recall(`review:${key}`);
      if (kept) back.textContent = `This question comes back ${days(due(kept) - today())}.`;
    }, 300));
    const from = make('p', {}, 'From ', make('a', { href: new URL(`${chapter.page}.html`, home).href, textContent: `chapter ${chapter.title}` }));
    return make('section', {}, from, box, back);
  });
  const soon = Math.min(...later);
  const some = (n) => `${n} ${n === 1 ? 'question' : 'questions'}`;
  const said = asked.length ? `${some(asked.length)} ${asked.length === 1 ? 'is' : 'are'} due today.`
    : later.length ? 'Nothing is due today.' : 'Nothing is due yet. Answer the questions under “Check yourself” at the end of a chapter, and they come back here.';
  place.replaceChildren(make('p', {}, said, later.length ? ` ${some(later.length)} ${later.length === 1 ? 'waits' : 'wait'}; the next comes back ${days(soon)}.` : ''), ...boxes);
  for (const box of place.querySelectorAll('.ce-widget')) near.observe(box);
}

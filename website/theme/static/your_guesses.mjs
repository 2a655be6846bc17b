// The page "Your guesses": each guess beside the truth, the score of the stated confidence, and a
// reliability diagram.
import { home, make, page, recall } from './book.mjs';
import { comparison, made, score, SVG } from './guess.mjs';

const ENOUGH = 20; // scored guesses from which a diagram says something

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

function table(scores) {
  const rows = [['', 'Your guesses', 'Knowing nothing'],
    ['Mean log loss, in nats', mean(scores.map(({ loss }) => loss)).toFixed(3), mean(scores.map(({ evenLoss }) => evenLoss)).toFixed(3)],
    ['Mean Brier score', mean(scores.map(({ brier }) => brier)).toFixed(3), mean(scores.map(({ evenBrier }) => evenBrier)).toFixed(3)]];
  const body = make('tbody');
  for (const row of rows.slice(1)) {
    body.append(make('tr', {}, make('th', { scope: 'row', textContent: row[0] }), ...row.slice(1).map((textContent) => make('td', { textContent }))));
  }
  const head = make('tr', {}, make('td'), ...rows[0].slice(1).map((textContent) => make('th', { scope: 'col', textContent })));
  return make('div', { className: 'scrolls' }, make('table', {}, make('thead', {}, head), body));
}

// Guesses grouped by their confidence, in steps of ten percent: mean confidence, share right, number.
export function groups(scores) {
  const found = Array.from({ length: 10 }, (_, k) => scores.filter(({ p }) => Math.floor(p * 10 + 1e-9) === k));
  return found.filter((group) => group.length).map((group) => ({
    sure: mean(group.map(({ p }) => p)), share: mean(group.map(({ right }) => Number(right))), count: group.length,
  }));
}

const percent = (x) => `${Math.round(100 * x)}%`;

function diagram(scores) {
  const [size, edge] = [340, 46];
  const x = (p) => edge + p * (size - edge - 14);
  const y = (p) => size - edge - p * (size - edge - 14);
  const found = groups(scores);
  const words = found.map(({ sure, share, count }) => `of ${count} ${count === 1 ? 'guess' : 'guesses'} at ${percent(sure)} confidence, ${percent(share)} were right`).join('; ');
  const drawing = SVG('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': `Share of right guesses against stated confidence: ${words}.` });
  for (const p of [0, 0.5, 1]) {
    drawing.append(
      SVG('line', { class: 'grid', x1: x(0), x2: x(1), y1: y(p), y2: y(p) }),
      SVG('text', { x: edge - 6, y: y(p) + 5, 'text-anchor': 'end' }, percent(p)),
      SVG('text', { x: x(p), y: size - edge + 18, 'text-anchor': p === 1 ? 'end' : 'middle' }, percent(p)),
    );
  }
  drawing.append(
    SVG('line', { x1: x(0), y1: y(0), x2: x(1), y2: y(1), stroke: 'currentColor', 'stroke-dasharray': '4 4' }),
    SVG('text', { x: x(0.5), y: size - 6, 'text-anchor': 'middle' }, 'stated confidence'),
    SVG('text', { x: x(0) + 6, y: y(1) + 16 }, 'share right'),
    ...found.map(({ sure, share, count }) => SVG('circle', { cx: x(sure), cy: y(share), r: 4 + 2 * Math.sqrt(count) })),
  );
  return make('div', {}, make('div', { className: 'reliability' }, drawing),
    make('p', {}, 'Each dot is a group of guesses with about the same confidence; a larger dot holds more guesses. On the dashed line you are as often right as you say. Below it you are too sure, above it not sure enough.'));
}

export async function show() {
  const answer = await fetch(new URL(`${page}.json`, home));
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const chapters = await answer.json();
  const place = document.getElementById('guesses-made');
  const [scores, lists] = [[], []];
  let [all, total, shown] = [0, 0, 0];
  for (const chapter of chapters) {
    const items = [];
    for (const asked of chapter.guesses) {
      all += 1;
      const kept = made(asked, recall(`guess:${chapter.page}#${asked.id}`));
      if (kept?.given === null) shown += 1;
      if (!kept || kept.given === null) continue;
      total += 1;
      const scored = score(asked, kept);
      if (scored) scores.push(scored);
      const link = make('a', { href: new URL(`${chapter.page}.html#guess-${asked.id}`, home).href, textContent: asked.question });
      items.push(make('li', {}, make('p', {}, link), ...(asked.ask ? [make('p', { textContent: asked.ask })] : []), ...comparison(asked, kept)));
    }
    if (items.length) lists.push(make('h2', { textContent: chapter.title }), make('ul', { className: 'guesses' }, ...items));
  }
  const start = chapters[0];
  const first = total ? make('p', {}, `You have made ${total} of ${all} guesses${shown ? `, and had ${shown} ${shown === 1 ? 'answer' : 'answers'} shown without one` : ''}.`)
    : make('p', {}, 'You have made no guess yet. The first question is in ', make('a', { href: new URL(`${start.page}.html#guess-${start.guesses[0].id}`, home).href, textContent: `chapter ${start.title}` }), '.');
  const right = scores.filter((one) => one.right).length;
  place.replaceChildren(first, ...(scores.length ? [
    make('p', {}, `Of the ${scores.length} with a confidence, ${right} ${right === 1 ? 'is' : 'are'} right (${percent(right / scores.length)}). Your mean confidence was ${percent(mean(scores.map(({ p }) => p)))}.`),
    table(scores),
    ...(scores.length >= ENOUGH ? [diagram(scores)] : [make('p', {}, `After ${ENOUGH} guesses with a confidence a diagram here shows how often you are right when you are 60%, 70% or 90% sure.`)]),
  ] : []), ...lists);
}

// The number in your log: which rows of the table fit what a reader pastes. Loaded on its page only;
// the table is put in by ce_site/signatures.py.
import { copy, make, pushButton } from './book.mjs';

/* TABLE */
const NUMBER = /[-−]?(?:\d+(?:,\d{3})+|\d+)(?:\.\d*)?(?:e[-+]?\d+)?|[-−]?\.\d+(?:e[-+]?\d+)?|\bnan\b|[-−+]?\binf(?:inity)?\b/gi;

// A number as it was written, with half a unit of its last digit.
function read(text) {
  const plain = text.replace('−', '-').replaceAll(',', '').toLowerCase();
  if (plain.includes('nan')) return { text, value: NaN, half: 0 };
  if (plain.includes('inf')) return { text, value: plain[0] === '-' ? -Infinity : Infinity, half: 0 };
  const [mantissa, exponent = '0'] = plain.split('e');
  const places = (mantissa.split('.')[1] ?? '').length;
  return { text, value: Number(plain), half: 10 ** (Number(exponent) - places) / 2 };
}

// The losses in a text: what follows the word "loss", or every number where that word is missing.
export function numbers(text) {
  const named = [...text.matchAll(new RegExp(`loss["'\\]]?\\s*[:=]?\\s*(?:tensor\\()?(${NUMBER.source})`, 'gi'))].map((found) => found[1]);
  return (named.length ? named : text.match(NUMBER) ?? []).map(read);
}

const near = (value, wanted, room, format) => Math.abs(value - wanted) <= room + FORMATS[format].ulp * Math.abs(wanted);

// The rows whose number is this one, with the reader's K and format or with others.
function fitting(value, room, kinds, { K, format }) {
  const found = [];
  for (const row of ROWS.filter(({ kind }) => kinds.includes(kind))) {
    const byFormat = row.uses.some((name) => name in FORMATS[format]);
    for (const name of byFormat ? [format, ...Object.keys(FORMATS).filter((other) => other !== format)] : [format]) {
      for (const k of row.uses.includes('K') && !row.uses.includes('N') ? [K, ...CLASSES.filter((other) => other !== K)] : [K]) {
        for (const own of row.cases) {
          const number = row.value({ K: k, ...FORMATS[name], ...own });
          if (!near(value, number, room, format)) continue;
          const said = Object.entries(own).map(([key, choice]) => `${key} = ${choice}`);
          if (row.uses.includes('K')) said.push(`K = ${k}`);
          if (byFormat) said.push(name);
          found.push({ row, number, said: said.join(', '), yours: k === K && name === format });
        }
      }
    }
  }
  return found;
}

const sorted = (found) => [...found.filter(({ yours }) => yours), ...found.filter(({ yours }) => !yours)];

const called = (kind) => ROWS.filter((row) => row.kind === kind).map((row) => ({ row, yours: true }));

// What may have left this text in a log, likeliest first: [{ about, row, number, said, yours }].
export function diagnose(text, settings) {
  const messages = ROWS.filter(({ kind, match }) => kind === 'message' && match.test(text)).map((row) => ({ row, yours: true }));
  if (messages.length) return messages;
  const all = numbers(text);
  const finite = all.filter(({ value }) => Number.isFinite(value));
  const found = [];
  const tell = (about, candidates) => found.push(...candidates.map((candidate) => ({ about, ...candidate })));
  const at = all.findIndex(({ value }) => Number.isNaN(value));
  if (at === 0) tell('nan, from the first number on', called('nan-first'));
  if (at >= 0) tell(at ? `nan, after ${at} ${at === 1 ? 'number' : 'numbers'}` : 'nan', called('nan-later'));
  if (all.some(({ value }) => Math.abs(value) === Infinity)) tell('inf', called('inf'));
  if (!finite.length) return found;
  const values = finite.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const half = Math.max(...finite.map((number) => number.half));
  const [first, last] = [finite[0], finite.at(-1)];
  const uniform = Math.log(settings.K);
  if (low < 0) tell(`${finite.find(({ value }) => value < 0).text}, below 0`, called('negative'));
  if (last.value === 0) tell(last.text, called('zero'));
  const names = [[first, 'the first'], [last, 'the last'], [finite.find(({ value }) => value === high), 'the largest'], [finite.find(({ value }) => value === low), 'the smallest']];
  const told = new Set();
  for (const [number, name] of names) {
    if (told.has(number.text) || number.value <= 0) continue;
    told.add(number.text);
    const about = finite.length > 1 && high - low > 2 * half ? `${number.text}, ${name}` : number.text;
    const fits = fitting(number.value, number.half, ['value'], settings);
    tell(about, fits);
    if (finite.length === 1 && !fits.length) tell(`${about}, as a difference`, fitting(number.value, number.half, ['difference'], settings));
    const steady = finite.length === 1 || (number === last && Math.abs(last.value - finite.at(-2).value) < 0.01 * uniform);
    if (!fits.some(({ yours }) => yours) && steady && number.value > 0.7 * uniform && number.value < uniform - number.half) tell(about, called('below'));
  }
  if (finite.length < 2) return sorted(found);
  const ofNumbers = found.splice(0);
  if (finite.length > 2 && high - low <= 2 * half) tell(`${first.text}, ${finite.length} times`, called('stuck'));
  if (first.value > 1.5 * uniform && !fitting(first.value, first.half, ['value'], settings).length) tell(`${first.text}, the first`, called('above'));
  const seen = new Set();
  finite.slice(1).forEach((number, k) => {
    const [step, room] = [Math.abs(number.value - values[k]), number.half + finite[k].half];
    for (const fit of room > 0.01 ? [] : fitting(step, room, ['difference'], settings)) { // else any would fit
      if (!seen.has(fit.said)) tell(`from ${finite[k].text} to ${number.text}`, [fit]);
      seen.add(fit.said);
    }
  });
  if (finite.length === 2 && low > 0) {
    const room = (high / low) * (first.half / first.value + last.half / last.value);
    tell(`${first.text} and ${last.text}`, fitting(high / low, room, ['ratio'], settings));
  }
  const least = values.indexOf(low);
  if (least > 0 && least < values.length - 1 && last.value - low > Math.max(0.1 * (first.value - low), 2 * half)) {
    tell(`${finite[least].text}, then up to ${last.text}`, called('rises'));
  }
  return sorted(high - low > 2 * half ? [...found, ...ofNumbers] : [...ofNumbers, ...found]);
}

const MOST = 8;

function shown({ about, row, number, said, yours }) {
  const exact = number === undefined ? '' : ` (${number < 1e5 ? Number(number.toPrecision(8)) : number.toExponential(0)}${said ? `, ${said}` : ''})`;
  return make('li', { className: yours ? '' : 'other' },
    make('p', {}, about ? make('b', { textContent: `${about}: ` }) : '', `${row.see}${exact}`, yours ? '' : ', which is not what you chose'),
    make('p', {}, `Look for ${row.look}. `, make('a', { href: new URL(`../${row.to}`, import.meta.url).href, textContent: row.title })));
}

const form = document.getElementById('your-log');
if (form) {
  const [text, classes, format] = ['text', 'classes', 'format'].map((name) => document.getElementById(`log-${name}`));
  const place = document.getElementById('log-found');
  const look = () => {
    const settings = { K: Math.max(2, Math.round(Number(classes.value)) || 2), format: format.value };
    const asked = text.value.trim();
    history.replaceState(null, '', asked ? `#${new URLSearchParams({ log: asked, K: settings.K, format: settings.format })}` : location.pathname + location.search);
    if (!asked) return place.replaceChildren();
    const found = diagnose(asked, settings);
    const link = pushButton('Copy a link to this', () => copy(location.href, link));
    if (!found.length) {
      const what = numbers(asked).length ? 'No row of the table has this number, with any of the settings that it tries.' : 'There is no number here, and no message that the table has.';
      return place.replaceChildren(make('p', {}, `${what} `, make('a', { href: '#if-nothing-fits', textContent: 'How to look further' })));
    }
    const several = found.length > 1 ? `${Math.min(found.length, MOST)} ${found.length > MOST ? `of ${found.length} ` : ''}candidates, the likeliest first. Only a test in your program can tell them apart; more digits of the number leave fewer.` : 'One candidate.';
    return place.replaceChildren(make('p', { textContent: several }), make('ol', {}, ...found.slice(0, MOST).map(shown)), make('p', {}, link));
  };
  const fill = () => {
    if (!location.hash.startsWith('#log=')) return;
    const asked = new URLSearchParams(location.hash.slice(1));
    text.value = asked.get('log');
    if (asked.get('K')) classes.value = asked.get('K');
    if (asked.get('format') in FORMATS) format.value = asked.get('format');
    look();
  };
  form.addEventListener('input', look);
  form.addEventListener('submit', (event) => event.preventDefault());
  addEventListener('hashchange', fill);
  fill();
}

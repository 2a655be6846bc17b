// A chapter's cells, run and edited where they stand. Loaded when a reader presses Run or Edit, and
// for a reader who has edited a cell of this page.
import { fade, forget, home, keep, make, page, pushButton, recall, say } from './book.mjs';
import * as python from './python.mjs';

let cells = null;
let numbers = null;
const boxOf = ({ id }) => document.getElementById(`cell-${id}`);
const key = ({ id }) => `code:${page}#${id}`;
const sourceOf = (cell) => recall(key(cell)) ?? cell.source;
const edited = (cell) => sourceOf(cell) !== cell.source;
const cellOf = (button) => cells[numbers.get(button.closest('.cell').id.slice('cell-'.length))];
let turn = 0; // what was asked for before a stop is not run after it

// The place below a cell where the reader's output stands, emptied.
function place(cell) {
  const box = boxOf(cell);
  box.querySelector('.yours')?.remove();
  const said = make('div', { role: 'status' });
  const yours = make('div', { className: 'yours', role: 'group' }, said);
  yours.setAttribute('aria-label', 'Your output');
  box.append(yours);
  return { said, yours };
}

// The place for what concerns all cells, below the button that runs them.
function overall() {
  const nav = document.querySelector('.run');
  if (!nav.nextElementSibling.matches('.overall')) nav.after(make('div', { className: 'overall' }));
  nav.nextElementSibling.role = null;
  nav.nextElementSibling.replaceChildren();
  return { said: nav.nextElementSibling };
}

function halt() {
  turn += 1;
  python.stop();
  showRestart();
}

const runButton = (within) => within?.querySelector('[data-do=run]') ?? document.querySelector('[data-do=run-all]');
// A button that stops Python. It vanishes with what it says, so the focus goes to what runs it again.
const stopButton = (text) => pushButton(text, ({ target }) => {
  const next = runButton(target.closest('.cell'));
  halt();
  next.focus();
});

// The chapter tells the numbers and messages that a bug leaves; a new one among them is pointed out.
function signature(cell, outputs) {
  const known = cell.text;
  const numbersIn = (text) => text.match(/\d+\.\d+/g) ?? [];
  const fresh = numbersIn(outputs.text).filter((number) => !known.includes(number));
  const nan = /\bnan\b/.test(outputs.text) && !/\bnan\b/.test(known);
  for (const told of document.querySelectorAll('main em')) {
    if (!/^signatures?:/i.test(told.textContent)) continue;
    const text = told.textContent;
    const named = [...told.querySelectorAll('code')].some((code) => outputs.said.includes(code.textContent));
    const number = numbersIn(text).find((wanted) => wanted.length > 4
      && fresh.some((found) => Number(found).toFixed(wanted.split('.')[1].length) === wanted));
    if (!named && !number && !(nan && /\bnan\b/.test(text))) continue;
    const section = told.closest('section[id]');
    const title = section.querySelector('h2, h3').innerText.replace(/[#¶\s]+$/, '');
    return make('p', { className: 'signature' }, `${number ?? (named ? 'This message' : 'nan')} is a signature that this chapter explains: `,
      make('a', { href: `#${section.id}`, textContent: title }));
  }
  return null;
}

// The outputs beside the book's: open where they differ or were asked for.
function present(cell, { said, yours }, outputs, { asked, before, ok, quiet }) {
  const same = outputs.text === cell.text;
  if (quiet && same && ok) { // run for another cell: with nothing to tell it would only push that one down
    yours.remove();
    return;
  }
  const notes = before ? `${before} ${before === 1 ? 'cell before this one was' : 'cells before this one were'} run first. ` : '';
  const verdict = !ok ? 'stopped with an error' : same ? (cell.text ? 'the same as the book’s' : 'nothing is printed, as in the book')
    : outputs.text ? (cell.text ? 'differs from the book’s' : '') : 'nothing is printed';
  said.replaceChildren(make('p', {}, `${notes}Your output${verdict ? `: ${verdict}` : ''}.`));
  yours.dataset.same = same;
  if (!outputs.element.hasChildNodes()) return;
  if (!same && ok && cell.text) python.markDifferences([...outputs.element.querySelectorAll('pre')], cell.text);
  const fold = make('details', { open: asked || !same || !ok }, make('summary', { textContent: 'Your output' }), outputs.element);
  yours.append(fold);
  const explained = same ? null : signature(cell, outputs);
  if (explained) yours.append(explained);
  yours.append(make('p', { className: 'tools' }, pushButton('Hide your output', () => {
    yours.remove();
    runButton(boxOf(cell)).focus();
  })));
}

// A statement of the book that the page hides and that an edit has made false.
function untrue(cell, outputs) {
  const above = cells.slice(0, numbers.get(cell.id)).findLast(({ shown }) => shown);
  const yours = boxOf(above)?.querySelector('.yours') ?? place(above).yours;
  yours.append(make('details', { className: 'untrue' }, make('summary', { textContent: 'With your changes, something that the text says here no longer holds' }),
    make('pre', { textContent: `${cell.source}\n\n${outputs.said}`, tabIndex: 0 })));
}

async function runOne(cell, asked, before, mine, quiet = false) {
  const stage = cell.shown ? place(cell) : null;
  const outputs = new python.Outputs();
  const stopping = stopButton('Stop');
  stage?.said.append(make('p', {}, 'Running …'), stopping);
  const slot = stage?.said ?? mine.said;
  const fetching = make('div', {}, make('div'), stopButton('Cancel')); // where the reader looks: what was pressed
  const source = sourceOf(cell);
  const ok = await python.run(source, {
    tell: (far) => {
      const fresh = !fetching.isConnected;
      if (fresh) (mine.said.isConnected ? mine : stage).said.append(fetching);
      python.progress(fetching.firstChild, far);
      if (fresh && mine.yours?.isConnected) bringUp(mine.yours.parentElement);
    },
    begun: () => {
      showRestart();
      fetching.remove();
      slot.replaceChildren(make('p', {}, cell.shown ? 'Running …' : 'Running what the page hides …'), stopping);
    },
    show: (kind, value) => {
      outputs.add(kind, value);
      if (stage && !outputs.element.isConnected) stage.yours.append(outputs.element);
    },
  });
  if (ok) python.ran.set(cell.id, source);
  if (stage) present(cell, stage, outputs, { asked, before, ok, quiet });
  else if (!ok) untrue(cell, outputs);
  return ok || !cell.shown;
}

// Run what stands before a cell and has not run as it is now, then the cell.
async function runTo(target, { all = false } = {}) {
  const now = turn;
  const end = numbers.get(target.id);
  const first = cells.slice(0, end).filter((cell) => python.ran.get(cell.id) !== sourceOf(cell));
  const mine = all ? overall() : place(target);
  try {
    for (const cell of first) {
      const far = `${first.indexOf(cell) + 1} of ${first.length}.`;
      mine.said.replaceChildren(make('p', {}, `${all ? 'Running the cells: ' : 'First, the cells before this one: '}${far}`), stopButton('Stop'));
      if (!await runOne(cell, false, 0, mine, !all)) {
        mine.said.replaceChildren(make('p', {}, 'Not run: ', make('a', { href: `#cell-${cell.id}`, textContent: 'a cell before it' }), ' stopped with an error.'));
        return;
      }
    }
    await runOne(target, !all, all ? 0 : first.filter(({ shown }) => shown).length, mine);
    if (!all) bringUp(boxOf(target));
    if (all) {
      const others = document.querySelectorAll('.yours[data-same=false]').length;
      mine.said.role = 'status'; // announced once, at the end
      mine.said.replaceChildren(make('p', {}, `All cells have run. ${others ? `The output of ${others} differs from the book’s.` : 'Each prints what the book shows.'}`));
    }
    for (const cell of cells.slice(end + 1)) { // the hidden statements about it
      if (cell.shown || !await runOne(cell, false, 0, { said: make('div') })) break;
    }
  } catch (error) {
    const stage = all ? overall() : place(target);
    document.querySelectorAll('.yours').forEach((other) => { if (!other.dataset.same && other !== stage.yours) other.remove(); });
    if (now !== turn) stage.said.append(make('p', {}, 'Stopped. The variables are gone; the next run begins with the first cell.'));
    else {
      halt();
      stage.said.append(python.failure(error, () => ask(target)));
    }
  }
}

// What is said below the screen comes up, for a reader who is still at the button.
function bringUp(box) {
  const { top, bottom } = box.querySelector('.yours')?.getBoundingClientRect() ?? {};
  const at = runButton(box).getBoundingClientRect().top;
  if (at > 0 && at < innerHeight && bottom > innerHeight) scrollBy(0, Math.min(bottom - innerHeight + 12, top - 80));
}

function ask(cell, options) {
  const now = turn;
  const mine = options?.all ? overall() : place(cell);
  mine.said.append(make('p', {}, 'Waiting for another cell …'), stopButton('Stop'));
  if (mine.yours) bringUp(boxOf(cell));
  return python.inTurn(() => {
    if (now === turn) return runTo(cell, options);
    return (mine.yours ?? mine.said).remove();
  });
}

export const run = (button) => ask(cellOf(button));
export const runAll = () => ask(cells.findLast(({ shown }) => shown), { all: true });

// Restart: beside the way to run everything, once there is a Python.
function showRestart() {
  const nav = document.querySelector('.run');
  nav.querySelector('.restart')?.remove();
  if (!python.running()) return;
  const button = pushButton('Restart Python', () => {
    halt();
    document.querySelectorAll('.yours').forEach((yours) => yours.remove());
    document.querySelector('.overall')?.remove();
    runButton().focus();
    say('Python was restarted. Nothing has run yet.');
  });
  button.className = 'restart';
  nav.querySelector('[data-do]').after(button);
}

// Editing ------------------------------------------------------------------------------------------
const editors = new Map();

async function open(cell, focus) {
  if (editors.has(cell.id)) {
    editors.get(cell.id).focus();
    return;
  }
  const { edit } = await import(new URL('_static/editor.js', home));
  if (editors.has(cell.id)) return;
  const input = boxOf(cell).querySelector('.cell_input');
  const tools = input.querySelector('.tools');
  const restore = pushButton('The book’s version', () => {
    view.destroy();
    editors.delete(cell.id);
    holder.remove();
    restore.remove();
    forget(key(cell));
    input.classList.remove('edited');
    tools.querySelector('[data-do=edit]').focus();
  });
  const holder = make('div', { className: 'editor' });
  tools.before(holder);
  tools.append(restore);
  input.classList.add('edited');
  const view = edit(holder, {
    text: sourceOf(cell),
    label: 'Your version of this cell. Control and Enter run it; Tab leaves the editor.',
    run: () => ask(cell),
    fade,
    change: (text) => (text === cell.source ? forget(key(cell)) : keep(key(cell), text)),
  });
  editors.set(cell.id, view);
  for (let fold = input.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true;
  if (focus) view.focus();
}

export const edit = (button) => open(cellOf(button), true);

// Fetch the chapter's cells, and open an editor where the reader has changed one.
export async function prepare() {
  if (cells) return;
  const answer = await fetch(new URL(`${page}.json`, home));
  if (!answer.ok) throw new Error(`${page}.json: status ${answer.status}`);
  cells = await answer.json();
  numbers = new Map(cells.map(({ id }, k) => [id, k]));
  for (const cell of cells) if (cell.shown && edited(cell)) await open(cell, false);
}

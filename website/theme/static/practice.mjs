// Questions with a cell, the check's message, hints, the solution, other numbers: all those of a
// practice page; of a chapter the exercise whose button is pressed, and those begun before.
import { fade, home, keep, make, page, pushButton, recall, showProgress, watch } from './book.mjs';
import * as python from './python.mjs';

const ofChapter = page.startsWith('chapters/');
const file = `${page}${ofChapter ? '.exercises' : ''}.json`;
const fetched = await fetch(new URL(file, home));
if (!fetched.ok) throw new Error(`${file}: status ${fetched.status}`);
const { set, questions } = await fetched.json();

// Run code in turn and collect what it shows; throws what kept Python from starting.
async function ran(code, tell, shown = new python.Outputs()) {
  const ok = await python.run(code, { tell, begun: () => {}, show: (kind, value) => shown.add(kind, value) });
  return { ok, shown };
}

function build(box, id, { kind, variants }) {
  const key = `practice:${set}#${id}`;
  let state = recall(key) ?? { variant: 0, solved: false };
  const remember = (changes) => {
    state = { ...state, ...changes };
    keep(key, state);
    showProgress();
    mark();
  };
  let view = null;
  let hints = 0;
  const texts = [...box.querySelectorAll(':scope > .variant')];
  const variant = () => variants[state.variant % variants.length];
  const what = kind === 'exercise' ? 'exercise' : 'question';
  const draft = () => `code:${page}#${id}.${state.variant}`;
  const solved = make('p', { className: 'solved' });
  const place = make('div', { className: 'cell_input' });
  const verdict = make('div', { className: 'verdict' });
  verdict.setAttribute('role', 'status');
  const told = make('ol', { className: 'hints' });
  const solution = make('div', { className: 'solution' });
  const tools = make('p', { className: 'tools' });
  const given = make('details', { className: 'given' });

  function mark() {
    solved.textContent = state.solved ? `✓ You have solved this ${what}.` : '';
  }

  function begin() { // the cell of this variant, not yet an editor
    view?.destroy();
    [view, hints] = [null, 0];
    texts.forEach((text, v) => { text.style.display = v === state.variant % texts.length ? 'block' : 'none'; });
    for (const part of [verdict, told, solution]) part.replaceChildren();
    given.hidden = !variant().shown;
    const first = make('pre', { textContent: variant().shown ?? '', tabIndex: 0 });
    given.replaceChildren(make('summary', { textContent: 'Code that is given' }), first);
    watch(first);
    box.querySelectorAll('.model').forEach((model) => { model.style.display = 'none'; });
    if (kind === 'text') {
      const field = make('textarea', { rows: 6, ariaLabel: 'Your answer', value: recall(draft()) ?? '' });
      field.addEventListener('input', () => keep(draft(), field.value));
      place.replaceChildren(field);
    } else {
      const still = make('pre', { textContent: recall(draft()) ?? variant().begin, tabIndex: 0 });
      place.replaceChildren(still, make('p', { className: 'tools' }, pushButton('Write your answer', () => write(true))));
      watch(still);
    }
  }

  async function write(focus) {
    const { edit } = await import(new URL('_static/editor.js', home));
    const holder = make('div', { className: 'editor' });
    const text = recall(draft()) ?? variant().begin;
    place.replaceChildren(holder);
    view = edit(holder, { text, label: 'Your answer. Control and Enter check it; Tab leaves the editor.', run: check, fade, change: (now) => keep(draft(), now) });
    if (focus) view.focus();
  }

  const say = (...parts) => verdict.replaceChildren(...parts);

  async function judge() {
    const bar = make('div');
    const stop = pushButton('Stop', () => python.stop());
    const tell = (far) => {
      if (!bar.isConnected) say(bar, stop);
      python.progress(bar, far);
    };
    say(make('p', {}, 'Checking …'), stop);
    const { given, check: test } = variant();
    const code = recall(draft()) ?? variant().begin;
    try {
      await ran('import book_shell\nbook_shell.apart()', tell);
      await ran(given, tell);
      say(make('p', {}, 'Checking …'), stop);
      const own = await ran(code, tell);
      const { ok, shown } = own.ok ? await ran(test, tell) : own;
      await ran('import book_shell\nbook_shell.back()', tell);
      if (ok) {
        say(make('p', {}, make('b', { className: 'right', textContent: 'Right. ' }), kind === 'function' ? 'The check tries a few examples; when a class is graded, others are tried, too.' : ''), own.shown.element);
        remember({ solved: true });
        if (kind === 'exercise') show();
        return;
      }
      const message = shown.said.replace(/^AssertionError: /, '');
      say(make('p', {}, make('b', { className: 'wrong', textContent: own.ok ? 'Not right yet: ' : 'Your code stopped: ' }), make('span', { className: 'message', textContent: message })), own.shown.element);
    } catch (error) {
      if (error.message === 'stopped') say(make('p', {}, 'Stopped.'));
      else {
        python.stop();
        say(python.failure(error, check));
      }
    }
  }

  function check() {
    say(make('p', {}, 'Waiting …'));
    return python.inTurn(judge);
  }

  function hint(button) {
    const all = variant().hints;
    if (hints < all.length) told.append(make('li', { textContent: all[hints] }));
    hints += 1;
    button.textContent = hints < all.length ? 'Another hint' : 'No more hints';
    button.disabled = hints >= all.length;
  }

  function show() {
    if (kind === 'text') {
      texts[state.variant % texts.length].querySelector('.model').style.display = 'block';
      solution.replaceChildren(make('p', {}, 'Compare it with yours, step by step. ', pushButton('Mine is right, too', () => remember({ solved: true }))));
    } else if (kind === 'exercise') box.nextElementSibling.open = true; // where the chapter has it
    else {
      const text = make('pre', { textContent: variant().solution, tabIndex: 0 });
      solution.replaceChildren(make('p', { textContent: 'A solution:' }), text);
      watch(text);
    }
  }

  // Some questions are the same in two variants, or in all.
  const whole = variants.map((_, v) => JSON.stringify(variants[v]) + texts[v]?.innerHTML);
  const distinct = whole.flatMap((one, v) => (whole.indexOf(one) === v ? [v] : []));
  const another = pushButton('Other numbers', () => {
    const now = whole.indexOf(whole[state.variant % variants.length]);
    remember({ variant: distinct[(distinct.indexOf(now) + 1) % distinct.length], solved: state.solved });
    begin();
    buttons();
  });
  function buttons() {
    const help = pushButton('Hint', () => hint(help));
    tools.replaceChildren(...(kind === 'text' ? [] : [pushButton('Check', check), help]), pushButton(kind === 'exercise' ? 'Show the solution' : 'Show a solution', show), ...(distinct.length > 1 ? [another] : []));
  }
  box.replaceChildren(...texts, solved, given, place, tools, verdict, told, solution);
  begin();
  buttons();
  mark();
  return () => place.querySelector('button')?.click();
}

// Put an exercise's cell in the place of its button, ready to be written in.
export const answer = ({ id }) => build(document.getElementById(id), id, questions[id])();

for (const [id, question] of Object.entries(questions)) {
  const begun = recall(`practice:${set}#${id}`) ?? recall(`code:${page}#${id}.0`);
  if (!ofChapter || begun) build(document.getElementById(id), id, question);
}

const KEY = (name) => `ce-book:quiz:${name}`;

function recall(name) { // what was answered before in this browser, if it can be read
  try {
    const { given, right } = JSON.parse(localStorage.getItem(KEY(name)));
    if (typeof given === 'string' && typeof right === 'boolean') return { given, right };
  } catch { /* nothing, or nothing readable */ }
  return null;
}

function keep(name, given, right) { // a question once answered right stays solved
  try {
    localStorage.setItem(KEY(name), JSON.stringify({ given, right: right || (recall(name)?.right ?? false) }));
  } catch { /* a private window keeps nothing */ }
}

// What the author wrote, as elements: the markup comes from the book, never from a reader.
function written(markup, tag) {
  const element = html(tag, {});
  element.append(document.createRange().createContextualFragment(markup));
  return element;
}

export function judge(kind, answers, given) {
  if (kind === 'number') {
    const value = Number(given.trim().replace('−', '-').replace(',', '.'));
    if (given.trim() === '' || Number.isNaN(value)) return null;
    const found = answers.find(({ value: wanted, within }) => Math.abs(value - wanted) <= within);
    return { right: found?.right ?? false, told: found ? [found] : answers.filter(({ other }) => other) };
  }
  const chosen = given ? given.split(' ').map(Number) : [];
  if (chosen.length === 0 || chosen.some((k) => !(k in answers))) return null;
  const right = answers.every((answer, k) => answer.right === chosen.includes(k));
  const missed = answers.filter((answer, k) => answer.right && !chosen.includes(k));
  return { right, told: chosen.map((k) => answers[k]), missed: kind === 'many' ? missed.length : 0 };
}

// A question that the answers complete ends in dots: a screen reader reads it before them.
const ended = (question) => (/[.?!:…](<\/\w+>)*$/.test(question) ? question : `${question} …`);

// The verdict on one option: a mark, and why.
function reason({ right, why }) {
  const line = written(why, 'p');
  line.className = 'ce-why';
  line.prepend(html('b', { className: right ? 'ce-right' : 'ce-wrong' }, right ? '✓ ' : '✗ '));
  return line;
}

function render({ model, el }) {
  const [name, kind, answers] = ['key', 'kind', 'answers'].map((key) => model.get(key));
  const result = html('div', { className: 'ce-result', role: 'status' });
  const group = `ce-quiz-${name}`;
  const inputs = kind === 'number'
    ? [html('input', { type: 'text', inputMode: 'decimal', ariaLabel: 'Your answer, a number', autocomplete: 'off' })]
    : answers.map(({ said }, k) => html('input', { type: kind === 'many' ? 'checkbox' : 'radio', name: group, value: k, ariaLabel: said }));
  const options = kind === 'number' ? [html('p', {}, inputs)] : inputs.map((input, k) => html('div', { className: 'ce-option' }, html('label', {}, input, written(answers[k].text, 'span'))));
  const given = () => (kind === 'number' ? inputs[0].value : inputs.filter((input) => input.checked).map((input) => input.value).join(' '));
  const clear = () => {
    result.replaceChildren();
    el.querySelectorAll('.ce-why').forEach((line) => line.remove());
  };
  const explain = (told) => told.forEach((answer) => {
    const option = options[kind === 'number' ? 0 : answers.indexOf(answer)];
    if (!option.querySelector('.ce-why') || kind === 'number') option.append(reason(answer));
  });

  const show = (verdict) => {
    clear();
    if (!verdict) {
      result.replaceChildren(kind !== 'number' ? 'Choose an answer first.'
        : inputs[0].value.trim() ? 'This is not a number. Write it as 0.25 or 2.5e-3.' : 'Type a number first.');
      return;
    }
    explain(verdict.told);
    result.append(
      html('b', { className: verdict.right ? 'ce-right' : 'ce-wrong' }, verdict.right ? 'Right.' : 'Not right.'),
      verdict.missed ? ' A right option is not ticked yet.' : '',
      html('span', { className: 'ce-said' }, verdict.told.map(({ why }) => [' ', written(why, 'span')])),
    );
    if (verdict.right && kind !== 'number' && verdict.told.length < answers.length) {
      result.append(html('button', { type: 'button', onclick: ({ target }) => { explain(answers); target.remove(); } }, 'Explain every option'));
    }
  };

  const form = html(
    'form',
    {
      onsubmit: (event) => {
        event.preventDefault();
        const verdict = judge(kind, answers, given());
        show(verdict);
        if (!verdict) return;
        keep(name, given(), verdict.right);
        el.dispatchEvent(new CustomEvent('ce-answer', { bubbles: true, detail: { key: name, right: verdict.right } }));
      },
      oninput: clear, // a verdict on another answer would mislead
    },
    html('fieldset', {}, written(ended(model.get('question')), 'legend'), options),
    html('button', { type: 'submit' }, 'Check'),
    result,
  );
  el.append(form);
  const before = model.get('fresh') ? null : recall(name); // on the page of reviews it is asked again
  if (before !== null) {
    const verdict = judge(kind, answers, before.given);
    if (!verdict) return;
    if (kind === 'number') inputs[0].value = before.given;
    else before.given.split(' ').forEach((k) => { inputs[k].checked = true; });
    show(verdict);
  }
}

export default widget('quiz', render);

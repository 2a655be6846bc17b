const KEY = (name) => `ce-book:quiz:${name}`;

function recall(name) { // what was answered before in this browser, if it can be read
  try {
    const { given, right } = JSON.parse(localStorage.getItem(KEY(name)));
    if (typeof given === 'string' && typeof right === 'boolean') return given;
  } catch { /* nothing, or nothing readable */ }
  return null;
}

function keep(name, given, right) {
  try {
    localStorage.setItem(KEY(name), JSON.stringify({ given, right }));
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

function render({ model, el }) {
  const [name, kind, answers] = ['key', 'kind', 'answers'].map((key) => model.get(key));
  const result = html('div', { className: 'ce-result', role: 'status' });
  const group = `ce-quiz-${name}`;
  const inputs = kind === 'number'
    ? [html('input', { type: 'text', inputMode: 'decimal', ariaLabel: 'Your answer, a number', autocomplete: 'off' })]
    : answers.map(({ said }, k) => html('input', { type: kind === 'many' ? 'checkbox' : 'radio', name: group, value: k, ariaLabel: said }));
  const given = () => (kind === 'number' ? inputs[0].value : inputs.filter((input) => input.checked).map((input) => input.value).join(' '));

  const show = (verdict) => {
    if (!verdict) {
      result.replaceChildren(kind === 'number' ? 'That is not a number; write it as 0.25 or 2.5e-3.' : 'Choose an answer first.');
      return;
    }
    const word = html('b', { className: verdict.right ? 'ce-right' : 'ce-wrong' }, verdict.right ? '✓ Right. ' : '✗ Not so. ');
    const lines = verdict.told.map(({ why }) => written(why, 'p'));
    if (verdict.missed) lines.push(html('p', {}, 'Something that is true is not ticked yet.'));
    result.replaceChildren(word, ...lines);
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
        el.dispatchEvent(new CustomEvent('ce-answer', { bubbles: true }));
      },
    },
    html(
      'fieldset',
      {},
      written(model.get('question'), 'legend'),
      kind === 'number' ? html('p', {}, inputs) : inputs.map((input, k) => html('label', {}, input, written(answers[k].text, 'span'))),
    ),
    html('button', { type: 'submit' }, 'Check'),
    result,
  );
  el.append(form);
  const before = recall(name);
  if (before !== null) {
    const verdict = judge(kind, answers, before);
    if (!verdict) return;
    if (kind === 'number') inputs[0].value = before;
    else before.split(' ').forEach((k) => { inputs[k].checked = true; });
    show(verdict);
  }
}

export default widget('quiz', render);

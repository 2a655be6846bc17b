// Huffman's tree, merging as `ce_lib.huffman_lengths` does: lightest two first, symbols before pairs
// and older pairs before newer ones where weights are equal. Node k < n is a symbol, node n + j merge j.
function huffman(weights) {
  const nodes = weights.map((weight) => ({ weight, depth: 0 }));
  const leaves = weights.map((_, k) => k).sort((a, b) => weights[a] - weights[b] || a - b);
  const merges = [];
  let [leaf, pair] = [0, weights.length];
  const lightest = () => {
    const fromLeaves = pair >= nodes.length || (leaf < leaves.length && weights[leaves[leaf]] <= nodes[pair].weight);
    if (fromLeaves) { leaf += 1; return leaves[leaf - 1]; }
    pair += 1;
    return pair - 1;
  };
  while (merges.length < weights.length - 1) {
    const below = [lightest(), lightest()];
    merges.push(below);
    nodes.push({ weight: nodes[below[0]].weight + nodes[below[1]].weight, depth: 0 });
  }
  merges.toReversed().forEach((below, j) => {
    for (const k of below) nodes[k].depth = nodes[nodes.length - 1 - j].depth + 1;
  });
  return { merges, nodes, lengths: weights.map((_, k) => nodes[k].depth) };
}

// The letters of any script as a reader counts them: an accent or an emoji's parts are one letter.
function graphemes(text) {
  const plain = text.normalize('NFC').toLowerCase().replace(/\s+/g, ' ');
  return [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(plain)].map(({ segment }) => segment);
}
const order = (letter) => [...letter].map((point) => point.codePointAt(0).toString(16).padStart(6, '0')).join('');

// Entropy and the code's cost, both per letter, and the tree; null for an empty text.
export function compute({ text, block }) {
  const counts = new Map();
  for (const letter of graphemes(text)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const letters = [...counts.keys()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  if (!letters.length) return null;
  const total = letters.reduce((sum, letter) => sum + counts.get(letter), 0);
  const p = letters.map((letter) => counts.get(letter) / total);
  const bits = p.map((chance) => -Math.log2(chance) + 0);
  const entropy = p.reduce((sum, chance, k) => sum + chance * bits[k], 0);
  let [weights, surprisals] = [letters.map((letter) => counts.get(letter)), bits];
  for (let n = 1; n < block; n += 1) {
    weights = weights.flatMap((weight) => letters.map((letter) => weight * counts.get(letter)));
    surprisals = surprisals.flatMap((sum) => bits.map((more) => sum + more));
  }
  const { merges, nodes, lengths } = huffman(weights);
  const mean = weights.reduce((sum, weight, k) => sum + weight * lengths[k], 0) / total ** block / block;
  return { letters, total, entropy, mean, surprisals, lengths, merges, nodes, equal: Math.ceil(Math.log2(letters.length)) };
}

const [TALL, DRAWN, START] = [344, 256, 54];
const EXAMPLES = { 'a sentence': 'she said that she had met this curve before', aaaabbcd: 'aaaabbcd', aaaaaaaaab: 'aaaaaaaaab', Ελληνικά: 'καλημέρα κόσμε' };
const BLOCKS = { 1: 'letters', 2: 'pairs', 3: 'triples' };
const ONE_OF = { 1: 'letter', 2: 'pair', 3: 'triple' };

// Where each node stands: the symbols one below the other, in the order in which no branches cross.
function tree({ merges, lengths }) {
  const n = lengths.length;
  const words = Array(n).fill('');
  const rows = [];
  const walk = [[n + merges.length - 1, '']];
  while (walk.length) {
    const [k, word] = walk.pop();
    if (k < n) { rows.push(k); words[k] = word; } else walk.push([merges[k - n][1], `${word}1`], [merges[k - n][0], `${word}0`]);
  }
  const place = [];
  rows.forEach((k, row) => { place[k] = row; });
  const made = Array(n).fill(-1); // the merge that put a node into an envelope
  merges.forEach(([a, b], j) => { place[n + j] = (place[a] + place[b]) / 2; made[a] = j; made[b] = j; });
  return { rows, words, place, made };
}

function render({ model, el }) {
  const drawing = svg('svg', { role: 'img', 'aria-label': 'A row for each letter: its word so far above a ruler as long as its surprisal, its count, and the envelopes it lies in' });
  const view = html('div', { className: 'ce-view', tabIndex: 0, role: 'region', 'aria-label': 'The letters and their envelopes' }, drawing);
  const field = html('input', { type: 'text', maxLength: 500, spellcheck: false, autocomplete: 'off', oninput: () => change({ text: field.value, left: 0 }) });
  const typed = html('label', { className: 'ce-text' }, html('span', {}, 'your text'), field);
  const examples = Object.entries(EXAMPLES).map(([name, text]) => html('button', { type: 'button', onclick: () => change({ text, left: 0 }) }, name));
  const blocks = choice('code', BLOCKS, (block) => change({ block: Number(block), left: 0 }));
  const row = slider('merges', { min: 0, max: 1, step: 1, show: (value) => `${value} of ${row.input.max}`, change: (done) => { pause(); go(done); } });
  const play = html('button', { type: 'button', onclick: () => (timer ? pause() : start()) }, 'Play');
  const [SO_FAR, WHOLE] = ['unfinished (digits per letter)', 'whole code (digits per letter)'];
  const names = ['entropy (bits per letter)', WHOLE, 'equal lengths (digits)'];
  const values = names.map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const legend = html('p', { className: 'ce-line ce-key' }, 'Blue boxes: the word so far. Orange ruler: the surprisal, −log₂ p. Then how often the letter occurs; at an envelope, how often its letters do. Orange dots: the two of the merge named below.');
  const note = html('p', { className: 'ce-line ce-note' });
  const status = speaker();
  el.append(typed, html('div', { className: 'ce-row' }, html('span', { className: 'ce-hint' }, 'Or try:'), examples), blocks, view, legend, row, html('div', { className: 'ce-row' }, play), note, html('div', { className: 'ce-figures' }, values), status);

  let width = 640;
  let [found, shape, key, timer, part] = [null, null, '', 0, 0]; // part: how far the next merge has come, while playing
  const last = () => (found ? found.merges.length : 0);
  const done = () => Math.max(0, last() - model.get('left'));
  const go = (merges) => change({ left: last() - merges });

  function pause() {
    clearTimeout(timer);
    timer = part = 0;
    play.textContent = 'Play';
    draw();
  }
  function start() {
    if (!last()) return;
    if (done() === last()) go(0);
    play.textContent = 'Pause';
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches || last() > 64;
    const tick = () => {
      if (!el.isConnected) return;
      part = still ? 1 : part + 0.05;
      if (part >= 1) { part = 0; go(done() + 1); } else draw();
      if (done() === last()) pause();
      else timer = setTimeout(tick, still ? 1000 : 40);
    };
    timer = setTimeout(tick, still ? 1000 : 40);
  }

  const label = (k, block) => {
    const letters = Array.from({ length: block }, (_, i) => found.letters[Math.floor(k / found.letters.length ** (block - 1 - i)) % found.letters.length]);
    return block === 1 && letters[0] === ' ' ? 'space' : letters.join('').replaceAll(' ', '␣');
  };
  const within = (k) => (k < found.lengths.length ? [k] : found.merges[k - found.lengths.length].flatMap(within)); // the letters of an envelope
  const named = (k, block) => {
    const inside = within(k);
    const letters = inside.length > 4 ? [...inside.slice(0, 3).map((each) => label(each, block)), '…'] : inside.map((each) => label(each, block));
    return (inside.length > 1 ? `the envelope of ${letters.join(', ')}` : `“${letters[0]}”`) + (block === 1 ? ` (${found.nodes[k].weight})` : '');
  };

  const told = (merged) => Math.max(0, part ? merged : merged - 1); // the merge that is named: the last one, or the one that moves

  function picture(block, merged) {
    const n = found.lengths.length;
    if (n > DRAWN) {
      drawing.setAttribute('viewBox', `0 0 ${width} ${TALL}`);
      const said = [`${n} ${BLOCKS[block]}: too many to draw.`, 'The numbers below are for all.'];
      return said.map((line, k) => svg('text', { x: width / 2, y: 40 + 22 * k, 'text-anchor': 'middle' }, line));
    }
    const pitch = Math.min(84, Math.max(20, (TALL - 4) / n));
    drawing.setAttribute('viewBox', `0 0 ${width} ${Math.max(TALL, n * pitch + 4)}`);
    const longest = Math.max(1, ...found.lengths, ...found.surprisals);
    const unit = Math.min(18, (0.36 * width - 10) / longest);
    const from = START + unit * longest + 40;
    const to = width - 58;
    const y = (k) => 2 + pitch * (shape.place[k] + 0.5);
    const x = (k) => (k < n ? from : from + ((to - from) * (k - n + 1)) / last());
    const next = found.merges[told(merged)] ?? [];
    const parts = [];
    for (const k of shape.rows) {
      const word = shape.words[k];
      let count = 0; // of its digits: one for each envelope it lies in
      for (let at = k; shape.made[at] >= 0 && shape.made[at] < merged; at = n + shape.made[at]) count += 1;
      const middle = y(k);
      parts.push(svg('text', { x: START - 8, y: middle + 4, 'text-anchor': 'end', class: 'ce-letter' }, label(k, block)));
      parts.push(svg('path', { d: `M${START} ${middle + 7}h${unit * found.surprisals[k]}m0 -3v6`, class: 'ce-ruler' }));
      [...word].slice(word.length - count).forEach((digit, i) => {
        parts.push(svg('rect', { x: START + unit * i + 0.5, y: middle - 9, width: unit - 1, height: 12, class: digit === '1' ? 'ce-one' : 'ce-null' }));
        if (unit >= 9) parts.push(svg('text', { x: START + unit * (i + 0.5), y: middle + 1.5, 'text-anchor': 'middle', class: digit === '1' ? 'ce-bit ce-on' : 'ce-bit' }, digit));
      });
      if (block === 1) parts.push(svg('text', { x: from - 6, y: middle + 4, 'text-anchor': 'end', class: 'ce-small' }, String(found.nodes[k].weight)));
    }
    found.merges.slice(0, merged).forEach(([a, b], j) => {
      parts.push(svg('path', { d: `M${x(a)} ${y(a)}H${x(n + j)}V${y(b)}H${x(b)}`, class: j === merged - 1 && !part ? 'ce-branch ce-new' : 'ce-branch' }));
    });
    for (const k of next) {
      parts.push(svg('circle', { cx: x(k), cy: y(k), r: 4, class: 'ce-mark' }));
      if (part) parts.push(svg('path', { d: `M${x(k)} ${y(k)}H${x(k) + (x(n + merged) - x(k)) * part}`, class: 'ce-branch ce-new' }));
    }
    for (let j = 0; j < merged; j += 1) {
      const k = n + j;
      if (shape.made[k] >= 0 && shape.made[k] < merged) continue; // in another envelope
      const [left, top] = [x(k) + 3, y(k) - 6];
      parts.push(svg('path', { d: `M${left} ${top}h18v12h-18zl9 7l9 -7`, class: 'ce-envelope' }));
      if (block === 1) parts.push(svg('text', { x: left + 22, y: y(k) + 4, class: 'ce-small' }, String(found.nodes[k].weight)));
    }
    return parts;
  }

  function draw() {
    const [text, block] = [model.get('text'), model.get('block')];
    if (key !== `${block} ${text}`) {
      key = `${block} ${text}`;
      found = compute({ text, block });
      shape = found && found.lengths.length <= DRAWN ? tree(found) : null;
      if (timer) { clearTimeout(timer); timer = part = 0; play.textContent = 'Play'; }
    }
    if (field.value !== text) field.value = text;
    blocks.set(block);
    const merged = done();
    row.input.max = Math.max(1, last());
    row.input.disabled = play.disabled = !last();
    row.set(merged, `${merged} of ${last()}`);
    drawing.replaceChildren(...(found ? picture(block, merged) : []));
    for (const name of drawing.querySelectorAll('.ce-letter')) { // joined signs that no font draws as one
      if (name.getComputedTextLength() <= START - 12) continue;
      name.setAttribute('textLength', START - 12);
      name.setAttribute('lengthAdjust', 'spacingAndGlyphs');
    }
    if (!found) drawing.setAttribute('viewBox', `0 0 ${width} ${TALL}`);
    const n = found?.lengths.length;
    if (shape && merged && view.scrollHeight > view.clientHeight && !part) view.scrollTop = (drawing.clientHeight * (shape.place[n + merged - 1] + 0.5)) / n - TALL / 2;
    const spent = found && (merged === last() ? found.mean : found.nodes.slice(n, n + merged).reduce((sum, node) => sum + node.weight, 0) / found.total ** block / block);
    const shown = found ? [digits(found.entropy), digits(spent), String(found.equal)] : ['–', '–', '–'];
    shown.forEach((value, k) => { values[k].firstChild.textContent = value; });
    values[1].lastChild.textContent = merged < last() ? SO_FAR : WHOLE;
    if (!found) note.textContent = 'Type a text, in any script.';
    else if (!last()) note.textContent = 'One letter only: there is nothing to merge, and no digit is needed.';
    else if (!merged && !part) note.textContent = `The two rarest go first: ${found.merges[0].map((k) => named(k, block)).join(' and ')}.`;
    else note.textContent = `Merge ${told(merged) + 1}: ${found.merges[told(merged)].map((k) => named(k, block)).join(' and ')}. Each ${ONE_OF[block]} inside gets one more digit.`;
    status.say(timer && merged < last() ? '' : `${note.textContent} ${found ? `The entropy is ${shown[0]} bits per letter; the code spends ${shown[1]} digits per letter${merged < last() ? ' so far' : ''}.` : ''}`);
  }
  const change = bind(model, ['text', 'block', 'left'], draw);
  fit(drawing, (wanted) => { width = wanted; draw(); });
}

dress(`
  .ce-view { height: 21.5rem; overflow-y: auto; scrollbar-gutter: stable; margin: 0.4rem 0; }
  .ce-view:focus-visible { outline: 2px solid var(--w-accent); outline-offset: 2px; }
  .ce-ruler { fill: none; stroke: var(--dog, #d55e00); stroke-width: 3; }
  .ce-one { fill: var(--cat, #0072b2); }
  .ce-null { fill: none; stroke: var(--cat, #0072b2); }
  .ce-widget .ce-fit.ce-fit .ce-bit { font-size: 11px; stroke: none; }
  .ce-widget .ce-fit.ce-fit .ce-on { fill: var(--w-paper); }
  .ce-branch { fill: none; stroke: var(--w-ink); opacity: 0.6; }
  .ce-new { stroke: var(--w-accent); stroke-width: 2.5; opacity: 1; }
  .ce-envelope { fill: var(--w-paper); stroke: var(--w-accent); stroke-width: 1.5; stroke-linejoin: round; }
`);

export default widget('code_explorer', render);

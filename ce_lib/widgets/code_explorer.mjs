// Lengths of a shortest prefix code, merging as `ce_lib.huffman_lengths` does: lightest two first,
// symbols before pairs and older pairs before newer ones where weights are equal.
function huffman(weights) {
  const leaves = weights.map((weight, k) => ({ weight, k })).sort((a, b) => a.weight - b.weight || a.k - b.k);
  const pairs = [];
  let [leaf, pair] = [0, 0];
  const lightest = () => {
    const fromLeaves = pair >= pairs.length || (leaf < leaves.length && leaves[leaf].weight <= pairs[pair].weight);
    if (fromLeaves) { leaf += 1; return leaves[leaf - 1]; }
    pair += 1;
    return pairs[pair - 1];
  };
  while (leaves.length - leaf + pairs.length - pair > 1) {
    const [left, right] = [lightest(), lightest()];
    pairs.push({ weight: left.weight + right.weight, left, right, depth: 0 });
  }
  for (const node of pairs.reverse()) {
    for (const below of [node.left, node.right]) below.depth = node.depth + 1;
  }
  const lengths = [];
  for (const { k, depth } of leaves) lengths[k] = depth ?? 0;
  return lengths;
}

// Entropy and the code's cost, both per letter; null for a text without a letter.
export function compute({ text, block }) {
  const counts = new Map();
  for (const letter of text.toLowerCase().replace(/[^a-z ]/g, '')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const letters = [...counts.keys()].sort();
  if (!letters.length) return null;
  const total = letters.reduce((sum, letter) => sum + counts.get(letter), 0);
  const p = letters.map((letter) => counts.get(letter) / total);
  const bits = p.map((chance) => -Math.log2(chance));
  const entropy = p.reduce((sum, chance, k) => sum + chance * bits[k], 0) + 0;
  let [weights, surprisals] = [p, bits];
  for (let n = 1; n < block; n += 1) {
    weights = weights.flatMap((weight) => p.map((chance) => weight * chance));
    surprisals = surprisals.flatMap((sum) => bits.map((more) => sum + more));
  }
  const lengths = huffman(weights);
  const mean = weights.reduce((sum, weight, k) => sum + weight * lengths[k], 0) / block;
  const points = surprisals.map((surprisal, k) => [surprisal / block + 0, lengths[k] / block]);
  return { letters, entropy, mean, points, equal: Math.ceil(Math.log2(letters.length)) };
}

const [LEFT, RIGHT, TOP, BOTTOM] = [42, 430, 12, 232];
const EXAMPLES = { 'a sentence': 'she said that she had met this curve before', aaaabbcd: 'aaaabbcd', aaaaaaaaab: 'aaaaaaaaab' };

function axes(most, block) {
  const x = (bits) => LEFT + ((RIGHT - LEFT) * bits) / most;
  const y = (digitsLong) => BOTTOM - ((BOTTOM - TOP) * digitsLong) / most;
  const parts = [svg('path', { d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}`, class: 'ce-axis' })];
  for (let tick = 0; tick <= most; tick += most > 7 ? 2 : 1) {
    parts.push(svg('text', { x: x(tick), y: BOTTOM + 18, 'text-anchor': 'middle' }, String(tick)));
    if (tick) parts.push(svg('text', { x: LEFT - 8, y: y(tick) + 4, 'text-anchor': 'end' }, String(tick)));
  }
  parts.push(svg('text', { x: RIGHT, y: BOTTOM + 34, 'text-anchor': 'end' }, block === 1 ? 'surprisal of a letter (bits)' : 'surprisal of a block (bits per letter)'));
  parts.push(svg('text', { x: LEFT + 8, y: TOP + 8 }, block === 1 ? 'digits of its word' : 'digits of its word, per letter'));
  return { x, y, parts };
}

function render({ model, el }) {
  const drawing = svg('svg', { viewBox: '0 0 440 270', role: 'img', 'aria-label': 'Length of the word of each letter or block against its surprisal, with the line on which the two are equal' });
  const field = html('input', { type: 'text', maxLength: 2000, spellcheck: false, autocomplete: 'off', oninput: () => change({ text: field.value }) });
  const typed = html('label', { className: 'ce-text' }, html('span', {}, 'your text'), field);
  const row = slider('letters per block', { min: 1, max: 3, step: 1, show: (value) => String(value), change: (block) => change({ block }) });
  const examples = Object.entries(EXAMPLES).map(([name, text]) => html('button', { type: 'button', onclick: () => change({ text }) }, name));
  const names = ['entropy (bits per letter)', 'code (digits per letter)', 'equal lengths (digits)'];
  const values = names.map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const note = html('p', { className: 'ce-line' });
  const status = speaker();
  el.append(drawing, typed, note, html('div', { className: 'ce-row' }, 'Or try:', examples), row, html('div', { className: 'ce-figures' }, values), status);
  const change = bind(model, ['text', 'block'], ({ text, block }) => {
    const found = compute({ text, block });
    if (field.value !== text) field.value = text;
    const left = [...text.toLowerCase().replace(/[a-z ]/g, '')].length;
    const said = found ? '' : 'Type a letter from a to z.';
    note.textContent = left ? `Only the letters a to z and the space are counted: ${left} other character${left === 1 ? ' is' : 's are'} left out.` : said;
    note.hidden = !note.textContent;
    row.set(block);
    const most = found ? Math.ceil(Math.max(2, ...[...new Set(found.points.flat())]) + 0.2) : 2;
    const { x, y, parts } = axes(most, block);
    const band = `M${x(0)} ${y(0)}L${x(most)} ${y(most)}V${TOP}H${x(most - 1 / block)}L${x(0)} ${y(1 / block)}Z`;
    parts.unshift(svg('path', { d: band, class: 'ce-band' }), svg('path', { d: `M${x(0)} ${y(0)}L${x(most)} ${y(most)}`, class: 'ce-rule' }));
    const seen = new Map(); // one mark for all letters or blocks at a place
    (found?.points ?? []).forEach(([bits, length], k) => {
      const place = `${x(bits).toFixed(0)} ${y(length).toFixed(0)}`;
      if (!seen.has(place)) seen.set(place, { bits, length, blocks: [] });
      seen.get(place).blocks.push(k);
    });
    const size = found?.letters.length;
    const name = (k) => Array.from({ length: block }, (_, i) => found.letters[Math.floor(k / size ** (block - 1 - i)) % size]).join('').replaceAll(' ', '␣');
    const ends = [Math.min, Math.max].map((end) => end(...[...seen.values()].map(({ bits }) => bits)));
    for (const { bits, length, blocks } of seen.values()) {
      parts.push(svg('circle', { cx: x(bits), cy: y(length), r: block === 1 ? 4 : 2.5, class: 'ce-cat' }));
      if (block > 1 && !ends.includes(bits)) continue; // of blocks, only the most and least probable have labels
      const label = block === 1 ? blocks.map(name).join('') : name(blocks[0]) + (blocks.length > 1 ? ' …' : '');
      const wide = 8.5 * label.length; // a label stands on its dot's side of the line, if there is room
      const above = length >= bits || RIGHT + 8 - wide < x(bits) - 30;
      const start = above ? Math.max(x(bits) - 7 - wide, LEFT + 5) : Math.min(x(bits) + 7, RIGHT + 8 - wide);
      const lower = above ? -8 : start < x(bits) + 7 ? 19 : 14;
      parts.push(svg('text', { x: above ? start + wide : start, y: y(length) + lower, 'text-anchor': above ? 'end' : 'start', class: 'ce-small' }, label));
    }
    drawing.replaceChildren(...parts);
    const shown = found ? [digits(found.entropy), digits(found.mean), String(found.equal)] : ['–', '–', '–'];
    shown.forEach((value, k) => { values[k].firstChild.textContent = value; });
    status.say(found ? `The entropy is ${shown[0]} bits per letter; the code spends ${shown[1]} digits per letter, taking ${block} at a time. ${note.textContent}` : `${note.textContent} ${left ? said : ''}`);
  });
}

export default widget('code_explorer', render);

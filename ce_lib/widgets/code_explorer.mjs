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

function axes(most) {
  const x = (bits) => LEFT + ((RIGHT - LEFT) * bits) / most;
  const y = (digitsLong) => BOTTOM - ((BOTTOM - TOP) * digitsLong) / most;
  const parts = [svg('path', { d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}`, class: 'ce-axis' })];
  for (let tick = 0; tick <= most; tick += most > 7 ? 2 : 1) {
    parts.push(svg('text', { x: x(tick), y: BOTTOM + 18, 'text-anchor': 'middle' }, String(tick)));
    if (tick) parts.push(svg('text', { x: LEFT - 8, y: y(tick) + 4, 'text-anchor': 'end' }, String(tick)));
  }
  parts.push(svg('text', { x: RIGHT, y: BOTTOM + 34, 'text-anchor': 'end' }, 'surprisal of a letter (bits)'));
  parts.push(svg('text', { x: LEFT + 8, y: TOP + 8 }, 'digits spent on it'));
  return { x, y, parts };
}

function render({ model, el }) {
  const drawing = svg('svg', { viewBox: '0 0 440 270', role: 'img', 'aria-label': 'Digits spent on each letter against its surprisal, over the line where the two are equal' });
  const field = html('input', { type: 'text', maxLength: 2000, spellcheck: false, autocomplete: 'off', oninput: () => change({ text: field.value }) });
  const typed = html('label', { className: 'ce-text' }, html('span', {}, 'your text'), field);
  const row = slider('letters at a time', { min: 1, max: 3, step: 1, show: (value) => String(value), change: (block) => change({ block }) });
  const examples = Object.entries(EXAMPLES).map(([name, text]) => html('button', { type: 'button', onclick: () => change({ text }) }, name));
  const names = ['entropy (bits)', 'code (digits per letter)', 'with equal words'];
  const values = names.map((name) => html('div', {}, html('b', {}), html('span', {}, name)));
  const status = speaker();
  el.append(drawing, typed, html('div', { className: 'ce-row' }, 'Or try:', examples), row, html('div', { className: 'ce-figures' }, values), status);
  const change = bind(model, ['text', 'block'], ({ text, block }) => {
    const found = compute({ text, block });
    if (field.value !== text) field.value = text;
    row.set(block);
    const most = found ? Math.ceil(Math.max(2, ...[...new Set(found.points.flat())]) + 0.2) : 2;
    const { x, y, parts } = axes(most);
    const band = `M${x(0)} ${y(0)}L${x(most)} ${y(most)}V${TOP}H${x(most - 1 / block)}L${x(0)} ${y(1 / block)}Z`;
    parts.unshift(svg('path', { d: band, class: 'ce-band' }), svg('path', { d: `M${x(0)} ${y(0)}L${x(most)} ${y(most)}`, class: 'ce-rule' }));
    const seen = new Map(); // one mark for all points at a place
    (found?.points ?? []).forEach(([bits, length], k) => {
      const place = `${x(bits).toFixed(0)} ${y(length).toFixed(0)}`;
      if (!seen.has(place)) seen.set(place, { bits, length, letters: [] });
      if (block === 1) seen.get(place).letters.push(found.letters[k] === ' ' ? '␣' : found.letters[k]);
    });
    for (const { bits, length, letters } of seen.values()) {
      parts.push(svg('circle', { cx: x(bits), cy: y(length), r: block === 1 ? 4 : 2.5, class: 'ce-cat' }));
      const inside = x(bits) < RIGHT - 60; // a label near the edge stands on the other side, above its dot
      if (letters.length) parts.push(svg('text', { x: x(bits) + (inside ? 7 : -7), y: y(length) + (inside ? 14 : -8), 'text-anchor': inside ? 'start' : 'end', class: 'ce-small' }, letters.join('')));
    }
    drawing.replaceChildren(...parts);
    const shown = found ? [digits(found.entropy), digits(found.mean), String(found.equal)] : ['–', '–', '–'];
    shown.forEach((value, k) => { values[k].firstChild.textContent = value; });
    status.say(found ? `Entropy ${shown[0]} bits; the code spends ${shown[1]} digits a letter, ${block} at a time.` : 'Type a letter from a to z.');
  });
}

export default widget('code_explorer', render);

// The book's sections as XHTML for e-readers: formulas as MathML that also says itself in words,
// pictures that need no style sheet, links from file to file.
const MATHML = 'http://www.w3.org/1998/Math/MathML';

// A formula in a line of text, for a reader that cannot set MathML.
function spoken(element) {
  const parts = [...element.children].map(spoken);
  const group = (text) => (/^[\p{L}\p{N}.]*\p{M}?$/u.test(text) ? text : `(${text})`);
  const [base, first, second] = parts;
  switch (element.localName) {
    case 'mfrac': return `${group(base)}/${group(first)}`;
    case 'msqrt': return `√${group(parts.join(''))}`;
    case 'mroot': return `${group(base)}^(1/${first})`;
    case 'munder': return /^[⏟_]$/.test(first) ? base : `${base}_${group(first)} `;
    case 'msub': return `${base}_${group(first)}`;
    case 'msup': return /^[′″]$/.test(first) ? `${base}${first}` : `${base}^${group(first)}`;
    case 'msubsup': return `${base}_${group(first)}^${group(second)}`;
    case 'munderover': return `${base}_${group(first)}^${group(second)} `;
    case 'mover': return { '^': `${base}\u0302`, '¯': `${base}\u0304`, '~': `${base}\u0303` }[first] ?? `${base}^${group(first)}`;
    case 'mtr': return parts.join(' ');
    case 'mtable': return parts.join('; ');
    case 'mspace': return ' ';
    case 'mo': return element.textContent === '\u2061' ? ' ' : /^[=<>≤≥≠≈+−×⋅→∈≪≫:]$/.test(element.textContent) ? ` ${element.textContent} ` : element.textContent;
    default: return parts.length ? parts.join('') : element.textContent;
  }
}

function mathml(container) {
  const formula = container.querySelector('mjx-assistive-mml > math').cloneNode(true);
  for (const element of [formula, ...formula.querySelectorAll('*')]) {
    for (const name of element.getAttributeNames()) if (name.startsWith('data-')) element.removeAttribute(name);
  }
  for (const name of formula.querySelectorAll('mi')) { // browsers set log p without a space
    if (!/^[a-z]{2,}$/.test(name.textContent)) continue;
    const term = name.parentElement.matches('msub, msup, munder, munderover') ? name.parentElement : name;
    const next = term.nextElementSibling;
    const spaced = (place) => {
      const space = document.createElementNS(MATHML, 'mspace');
      space.setAttribute('width', '0.17em');
      term[place](space);
    };
    if (term.previousElementSibling && !term.previousElementSibling.matches('mo')) spaced('before');
    if (next?.textContent === '\u2061' && next.nextElementSibling && !/^[([]/.test(next.nextElementSibling.textContent)) spaced('after');
  }
  if (container.matches('[display=true]')) formula.setAttribute('display', 'block');
  formula.setAttribute('alttext', spoken(formula).replace(/(^|[(,=]) − /g, '$1−').replace(/\s+/g, ' ').trim());
  return formula;
}

const PAINT = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'opacity', 'font-size', 'text-anchor'];
const ink = (value, text) => (value === text ? 'currentColor' : value);

function stillColours(svg) { // as on the page now; the text's colour stays the reader's
  const text = getComputedStyle(document.body).color;
  svg.style.setProperty('--paper', 'transparent'); // an e-reader's paper can be dark
  for (const element of svg.querySelectorAll('*')) {
    if (element.matches('style, desc, title')) continue;
    if (element.matches('path:not([d])')) element.setAttribute('d', 'M0 0'); // a space's outline
    const computed = getComputedStyle(element);
    if (svg.matches('.ce-drawing')) {
      for (const name of PAINT) element.style.setProperty(name, ink(computed.getPropertyValue(name), text));
      continue;
    }
    for (const name of ['fill', 'stroke', 'color']) {
      if (/var\(/.test(element.style.getPropertyValue(name))) element.style.setProperty(name, computed.getPropertyValue(name));
      if (/var\(/.test(element.getAttribute(name) ?? '')) element.setAttribute(name, computed.getPropertyValue(name));
    }
  }
  svg.style.removeProperty('--paper');
}

// Each section as text, with the name of its file; `book` is what assemble() returned.
window.xhtml = (book) => {
  const fileOf = (id) => `${document.getElementById(id).closest('.page').id}.xhtml`;
  document.querySelectorAll('#book svg').forEach(stillColours);
  document.querySelectorAll('#book .page-number').forEach((element) => element.remove());
  document.querySelectorAll('#book mjx-container').forEach((element) => element.replaceWith(mathml(element)));
  for (const link of document.querySelectorAll('#book a[href^="#"]')) {
    const id = decodeURIComponent(link.getAttribute('href').slice(1));
    link.setAttribute('href', `${fileOf(id)}#${id}`);
  }
  const serialise = new XMLSerializer();
  return book.pages.map(({ id }) => {
    const section = document.getElementById(id);
    for (const use of section.querySelectorAll('use')) { // a glyph that is defined in another file
      const shape = document.getElementById(use.href.baseVal.slice(1));
      if (section.querySelector(`[id="${shape.id}"]`)) continue;
      const shapes = document.createElementNS('http://www.w3.org/2000/svg', 'defs');
      shapes.append(shape.cloneNode(true));
      use.before(shapes);
    }
    return { id, text: serialise.serializeToString(section), mathml: Boolean(section.querySelector('math')), svg: Boolean(section.querySelector('svg')) };
  });
};

window.addCover = (book) => {
  document.body.prepend(make('div', { id: 'cover' }, cover(book)));
  return document.fonts.ready.then(() => true);
};

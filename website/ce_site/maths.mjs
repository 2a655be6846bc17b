// Sets formulas: JSON [{source, display, room, lines}, ...] on stdin, and on stdout JSON
// {formulas: [{wide, narrow, width}, ...], style}, with widths in em. CHTML looks the same in every
// browser; the MathML inside it is for screen readers. A formula on a line of its own that is wider
// than `room` is set a second time for narrow pages, from `lines`, where \qquad and
// \hspace{3em} begin a line of their own.
import { readFileSync } from 'node:fs';
import { mathjax } from '@mathjax/src/js/mathjax.js';
import { TEXCLASS } from '@mathjax/src/js/core/MmlTree/MmlNode.js';
import { TeX } from '@mathjax/src/js/input/tex.js';
import { CHTML } from '@mathjax/src/js/output/chtml.js';
import { LineBBox } from '@mathjax/src/js/output/common/LineBBox.js';
import { LinebreakVisitor } from '@mathjax/src/js/output/common/LinebreakVisitor.js';
import { liteAdaptor } from '@mathjax/src/js/adaptors/liteAdaptor.js';
import { RegisterHTMLHandler } from '@mathjax/src/js/handlers/html.js';
import { AssistiveMmlHandler } from '@mathjax/src/js/a11y/assistive-mml.js';
import { MathJaxTexFont } from '@mathjax/mathjax-tex-font/js/chtml.js';
import '@mathjax/src/js/input/tex/ams/AmsConfiguration.js';
import '@mathjax/src/js/util/asyncLoad/esm.js';

const WIDE = 34; // em beside the number in the widest column

// Lines end before a relation if one is in reach, else before + or -.
class Breaks extends LinebreakVisitor {
  constructor(factory) {
    super(factory);
    const { open } = this.FACTORS;
    this.FACTORS.open = (penalty, mo) => open(penalty + 2000, mo);
    this.TEXCLASS[TEXCLASS.REL] = (penalty) => penalty - 3000;
  }
}

// A line is indented as its first part wants it; MathJax 4.1 takes the part that ends the line.
const { append } = LineBBox.prototype;
LineBBox.prototype.append = function keepIndent(box) {
  const { indentData } = this;
  append.call(this, box);
  this.indentData = indentData ?? this.indentData;
};

class Output extends CHTML {
  processMath(wrapper, parent) {
    super.processMath(wrapper, parent);
    this.width = wrapper.getOuterBBox().w;
  }
}

const adaptor = liteAdaptor();
AssistiveMmlHandler(RegisterHTMLHandler(adaptor));
const tex = new TeX({
  packages: ['base', 'ams'],
  formatError: (jax, error) => { throw error; },
});
const output = new Output({
  fontData: MathJaxTexFont,
  fontURL: 'fonts',
  adaptiveCSS: true,
  displayOverflow: 'linebreak',
  linebreaks: { LinebreakVisitor: Breaks, lineleading: 0.5 },
});
const page = mathjax.document('', { InputJax: tex, OutputJax: output });

let narrow = false;
const give = (node, values) => Object.entries(values).forEach(([name, value]) => node.attributes.set(name, value));
const space = (node) => (node.isKind('mspace') ? parseFloat(node.attributes.get('width')) : 0); // in em

tex.postFilters.add(({ data: { root } }) => { // the lines after the first stand further in
  if (narrow) give(root, { indentalign: 'left', indentalignfirst: 'left', indentshift: '1em', indentshiftfirst: '0' });
}, -7); // before each part of the formula inherits it

tex.postFilters.add(({ math: { display }, data: { root } }) => {
  root.setTeXclass(null);
  root.walkTree((node) => {
    const sign = node.isKind('mo') && [TEXCLASS.ORD, TEXCLASS.OP].includes(node.texClass);
    if (sign || (node.isKind('mspace') && space(node) < 1)) give(node, { linebreak: 'nobreak' });
    else if (node.isKind('mo') && !display) give(node, { linebreakstyle: 'after' }); // a minus first looks like a sign
  });
  if (!narrow) return;
  root.walkTree((cell) => { // of cases; its words may be on several lines
    if (cell.isKind('mtd')) cell.walkTree((node) => node.isKind('mo') && give(node, { linebreak: 'nobreak' }));
  });
  root.childNodes[0].childNodes.forEach((node, place, all) => {
    const qquad = space(node) === 2 && !all[place - 1]?.isKind('mtext'); // "so \qquad x = y" stays together
    if (qquad || space(node) === 3) give(node, { linebreak: 'newline', indentshift: '0', width: '0' });
  });
});

async function convert(source, display, width) {
  narrow = width < WIDE;
  const box = await page.convertPromise(source, { display, em: 1, ex: output.font.params.x_height, containerWidth: width });
  for (const name of ['class', 'style', 'overflow', 'justify']) adaptor.removeAttribute(box, name);
  return box;
}

const UNUSED = / (?:data-[\w-]+|texclass|unselectable|linebreak\w*|indent\w+)="[^"]*"/g;
const text = (box) => adaptor.outerHTML(box).replace(UNUSED, '');

async function set({ source, display, room, lines }) {
  const box = await convert(source, display, display ? WIDE : Infinity);
  const { width } = output;
  if (!display || width <= room) return { wide: text(box) };
  let second = await convert(lines, display, room);
  for (let limit = room, tries = 0; output.width > room && tries < 3; tries += 1) { // a table and what stands before it
    limit -= output.width - room;
    second = await convert(lines, display, limit);
  }
  adaptor.setAttribute(box, 'class', 'wide');
  adaptor.setAttribute(second, 'class', 'narrow');
  return { wide: text(box), narrow: text(second), width };
}

const formulas = [];
for (const wanted of JSON.parse(readFileSync(0, 'utf8'))) {
  try {
    formulas.push(await set(wanted));
  } catch (error) {
    console.error(`${error.message} in ${wanted.source}`);
    process.exit(1);
  }
}
const style = adaptor.textContent(output.styleSheet(page));
process.stdout.write(JSON.stringify({ formulas, style }));

// Sets formulas: JSON [[tex, display], ...] on stdin, JSON {formulas, style} on stdout.
// CHTML looks the same in every browser; the MathML inside it is for screen readers.
import { readFileSync } from 'node:fs';
import { mathjax } from 'mathjax-full/js/mathjax.js';
import { TeX } from 'mathjax-full/js/input/tex.js';
import { CHTML } from 'mathjax-full/js/output/chtml.js';
import { liteAdaptor } from 'mathjax-full/js/adaptors/liteAdaptor.js';
import { RegisterHTMLHandler } from 'mathjax-full/js/handlers/html.js';
import { AssistiveMmlHandler } from 'mathjax-full/js/a11y/assistive-mml.js';
import 'mathjax-full/js/input/tex/ams/AmsConfiguration.js';

const adaptor = liteAdaptor();
AssistiveMmlHandler(RegisterHTMLHandler(adaptor));
const page = mathjax.document('', {
  InputJax: new TeX({
    packages: ['base', 'ams'],
    formatError: (jax, error) => { throw error; },
  }),
  OutputJax: new CHTML({ fontURL: 'fonts', adaptiveCSS: true }),
});

const formulas = JSON.parse(readFileSync(0, 'utf8')).map(([tex, display]) => {
  try {
    return adaptor.outerHTML(page.convert(tex, { display }));
  } catch (error) {
    console.error(`${error.message} in ${tex}`);
    process.exit(1);
  }
});
const style = adaptor.textContent(page.outputJax.styleSheet(page));
process.stdout.write(JSON.stringify({ formulas, style }));

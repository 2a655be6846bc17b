// An editor for Python, bundled from CodeMirror 6 and loaded when a reader presses Edit. Tab leaves
// it, as in any field; Ctrl+] and Ctrl+[ indent, and Enter keeps the indentation.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { python } from '@codemirror/lang-python';
import { HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.bool, tags.null, tags.operatorKeyword], color: 'var(--ce-code-word)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ce-code-text)' },
  { tag: tags.number, color: 'var(--ce-code-number)' },
  { tag: tags.comment, color: 'var(--ce-code-comment)', fontStyle: 'italic' },
  { tag: [tags.definition(tags.variableName), tags.function(tags.definition(tags.variableName))], color: 'var(--ce-code-name)' },
]);

// A line that is wider than the page scrolls, and fades where it goes on, as elsewhere in the book.
function showCut({ scrollDOM }) {
  const hidden = scrollDOM.scrollWidth - scrollDOM.clientWidth;
  scrollDOM.classList.toggle('cut', hidden > 1 && scrollDOM.scrollLeft < hidden - 1);
}

// text : what to begin with; label : the field's name; run() : on Ctrl+Enter; change(text) : on each change.
export function edit(parent, { text, label, run, change }) {
  const enter = { key: 'Mod-Enter', preventDefault: true, run: () => { run(); return true; } };
  const view = new EditorView({
    parent,
    doc: text,
    extensions: [
      keymap.of([enter, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
      history(), indentOnInput(), bracketMatching(), closeBrackets(), autocompletion(), indentUnit.of('    '),
      python(), syntaxHighlighting(colours),
      EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }), // axe asks for it where lines are wide
      EditorView.updateListener.of((update) => {
        if (update.docChanged) change(update.state.doc.toString());
        if (update.docChanged || update.geometryChanged) update.view.requestMeasure({ read: showCut });
      }),
    ],
  });
  view.scrollDOM.addEventListener('scroll', () => showCut(view), { passive: true });
  view.requestMeasure({ read: () => showCut(view) });
  return view;
}

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

// text : what to begin with; label : the field's name; run() : on Ctrl+Enter; change(text) : on each
// change; fade(element) : marks where a line that is wider than the page goes on.
export function edit(parent, { text, label, run, change, fade }) {
  const look = (view) => view.requestMeasure({ read: () => fade(view.scrollDOM) });
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
        if (update.docChanged || update.geometryChanged) look(update.view);
      }),
    ],
  });
  view.scrollDOM.addEventListener('scroll', () => fade(view.scrollDOM), { passive: true });
  look(view);
  return view;
}

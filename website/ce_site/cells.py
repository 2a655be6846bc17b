"""Cells that run on their page: their buttons, what they hold, and the scripts that run them.

- each code cell that a chapter shows gets the id `cell-…` and the buttons Run and Edit, and each
  section with code a link that opens it in JupyterLite;
- `chapters/NN_name.json` lists the chapter's code cells, those that the page hides included;
- the scripts are fetched when a reader presses a button: `run.js` and `python.js`, the worker
  with its Python, and an editor that esbuild makes one file of CodeMirror's many; the page's own
  scripts are made smaller by it, too.
"""

import json
import re
import subprocess
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform

from ce_site import lite, publish
from ce_site.book import CHAPTER

WEBSITE = Path(__file__).resolve().parents[1]
SCRIPTS = ("book", "run", "python", "practice", "guess", "your_guesses", "review", "ask")
TOOLS = (
    '<p class="tools with-script"><button data-do="run">Run</button>'
    '<button data-do="edit">Edit</button>{}</p>'
)
LITE = '<a href="../lite/notebooks/?path={}.ipynb#{}">This section in JupyterLab</a>'


def texts(outputs):
    """What outputs say as text, joined: streams and the plain form of everything else."""
    for output in outputs:
        yield "".join(output.get("text", output.get("data", {}).get("text/plain", "")))


def code_cells(path):
    """A notebook's code cells: id, source, stored text, and whether the page shows the code."""
    for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield {
                "id": cell["id"],
                "source": "".join(cell["source"]),
                "text": "".join(texts(cell["outputs"])),
                "shown": not {"remove-cell", "remove-input"} & {*cell["metadata"].get("tags", [])},
            }


def section_of(node):
    """The numbered section in which a node stands; None before the first."""
    above = []
    while node := node.parent:
        above += [node] if isinstance(node, nodes.section) else []
    return above[-2] if len(above) > 1 else None


def folded(cell):
    """Whether the page folds a cell's code: that of a figure, of a proof or of a solution."""
    data = cell["cell_metadata"]
    return "label" in data or bool({"hide-cell", "hide-input"} & {*data.get("tags", [])})


class NameCells(SphinxTransform):
    """Give each cell of a chapter its id, and buttons to each whose code the page shows."""

    default_priority = 390  # before `TakeFigures` moves code below its figure

    def apply(self, **kwargs):
        """Mark this document's cells."""
        if not CHAPTER.match(self.env.docname):
            return
        path = self.env.doc2path(self.env.docname)
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        sections = {}
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code":
                cell["ids"].append("cell-" + cells[cell["cell_index"]]["id"])
                for code in cell.children:
                    if code.get("nb_element") == "cell_code_source":
                        sections.setdefault(section_of(cell), []).append((folded(cell), code))
        for section, found in sections.items():
            self.add_tools(section, found)

    def add_tools(self, section, found):
        """Buttons for each cell; a link to JupyterLite at one in view, or else below the title."""
        link = section and LITE.format(self.env.docname, section["ids"][0])
        first = next((code for hidden, code in found if not hidden), None)
        if section and not first:
            line = f'<p class="tools with-script">{link}</p>'
            section.insert(1, nodes.raw("", line, format="html"))
        for _, code in found:
            beside = link if section and code is first else ""
            code += nodes.raw("", TOOLS.format(beside), format="html")


def esbuild(*arguments):
    """What esbuild makes of modules: shorter by a third on the wire."""
    command = [WEBSITE / "node_modules/.bin/esbuild", "--minify", "--format=esm", "--charset=utf8"]
    done = subprocess.run(
        [*map(str, [*command, *arguments])],
        cwd=WEBSITE,
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    if done.returncode:
        raise RuntimeError(f"{arguments} were not made:\n{done.stderr}")
    return done.stdout


def write(app, error):
    """Write what the buttons ask for."""
    if error or app.builder.name != "html":
        return
    out, theme = Path(app.outdir), WEBSITE / "theme/static"
    for path in Path(app.srcdir, "chapters").glob("*.ipynb"):
        listed = json.dumps([*code_cells(path)], ensure_ascii=False, separators=(",", ":"))
        (out / "chapters" / f"{path.stem}.json").write_text(listed, encoding="utf-8")
    esbuild(*(theme / f"{name}.mjs" for name in SCRIPTS), f"--outdir={out / '_static'}")
    for name in SCRIPTS:
        path = out / "_static" / f"{name}.js"
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r'(from"\./\w+)\.mjs"', r'\1.js"', text), encoding="utf-8")
    for name in ("cells.css", "guess.css"):
        css = publish.minified((theme / name).read_text(encoding="utf-8"))
        (out / "_static" / name).write_text(css, encoding="utf-8")
    editor = esbuild(theme / "editor.mjs", "--bundle")
    (out / "_static/editor.js").write_text(editor, encoding="utf-8")
    (out / "_static/worker.js").write_text(lite.page_worker(out / "lite"), encoding="utf-8")


def first_cell(app, page, template, context, tree):
    """Let a chapter's page lead to the first cell that prints something."""
    if CHAPTER.match(page):
        printing = (c["id"] for c in code_cells(app.env.doc2path(page)) if c["shown"] and c["text"])
        context["first_cell"] = next(printing)


def setup(app):
    """Register it with Sphinx."""
    app.add_transform(NameCells)
    app.connect("html-page-context", first_cell)
    app.connect("build-finished", write, priority=880)  # after JupyterLite, before sw.js

"""Cells that run on their page: their buttons, what they hold, and the scripts that run them.

- each code cell that a chapter shows gets the id `cell-…` and the buttons Run and Edit;
- `chapters/NN_name.json` lists the chapter's code cells, those that the page hides included;
- the scripts are fetched when a reader presses a button: `run.js` and `python.js`, the worker
  with its Python, and an editor that esbuild makes one file of CodeMirror's many.
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
SCRIPTS = ("run", "python", "practice", "ask")
TOOLS = (
    '<p class="tools with-script"><button data-do="run">Run</button>'
    '<button data-do="edit">Edit</button></p>'
)


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


class NameCells(SphinxTransform):
    """Give each cell of a chapter its id, and buttons to each whose code the page shows."""

    default_priority = 390  # before `TakeFigures` moves code below its figure

    def apply(self, **kwargs):
        """Mark this document's cells."""
        if not CHAPTER.match(self.env.docname):
            return
        path = self.env.doc2path(self.env.docname)
        cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
        for cell in self.document.findall(nodes.container):
            if cell.get("nb_element") == "cell_code":
                cell["ids"].append("cell-" + cells[cell["cell_index"]]["id"])
                for code in cell.children:
                    if code.get("nb_element") == "cell_code_source":
                        code += nodes.raw("", TOOLS, format="html")


def bundled(path):
    """A module and all that it imports from npm, as one."""
    command = [WEBSITE / "node_modules/.bin/esbuild", path, "--bundle", "--minify", "--format=esm"]
    done = subprocess.run(
        [*map(str, command)], cwd=WEBSITE, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{path.name} was not bundled:\n{done.stderr}")
    return done.stdout


def write(app, error):
    """Write what the buttons ask for."""
    if error or app.builder.name != "html":
        return
    out, theme = Path(app.outdir), WEBSITE / "theme/static"
    for path in Path(app.srcdir, "chapters").glob("*.ipynb"):
        listed = json.dumps([*code_cells(path)], ensure_ascii=False, separators=(",", ":"))
        (out / "chapters" / f"{path.stem}.json").write_text(listed, encoding="utf-8")
    for name in SCRIPTS:
        text = (theme / f"{name}.mjs").read_text(encoding="utf-8")
        text = re.sub(r"(from '\./\w+)\.mjs'", r"\1.js'", text)
        (out / "_static" / f"{name}.js").write_text(text, encoding="utf-8")
    (out / "_static/cells.css").write_text(
        publish.minified((theme / "cells.css").read_text(encoding="utf-8")), encoding="utf-8"
    )
    # Scripts are published as .js: some servers (Debian's nginx) know no type for .mjs, and
    # browsers then refuse it. They are renamed here since Jupyter Book adds all .js to all pages.
    (out / "_static/book.js").write_text(bundled(theme / "book.mjs"), encoding="utf-8")
    (out / "_static/editor.js").write_text(bundled(theme / "editor.mjs"), encoding="utf-8")
    (out / "_static/worker.js").write_text(lite.page_worker(out / "lite"), encoding="utf-8")


def setup(app):
    """Register it with Sphinx."""
    app.add_transform(NameCells)
    app.connect("build-finished", write, priority=880)  # after JupyterLite, before sw.js

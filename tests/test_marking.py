"""A notebook that is opened to be marked runs nothing, in the JupyterLab of `make mark`."""

import os
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import browser
import nbformat
import prose
import pytest
from nbgrader.api import Gradebook

pytestmark = pytest.mark.machine
FRAME = ":::{iframe} javascript:void(top.acted='frame')\n:::"
VERSION = f"~{'.'.join(version('anywidget').split('.')[:2])}.*"
WIDGET = {  # as `anywidget` saves one
    "model_module": "anywidget",
    "model_module_version": VERSION,
    "model_name": "AnyModel",
    "state": {
        "_model_module": "anywidget",
        "_model_module_version": VERSION,
        "_model_name": "AnyModel",
        "_view_module": "anywidget",
        "_view_module_version": VERSION,
        "_view_name": "AnyView",
        "_view_count": None,
        "_css": "",
        "_anywidget_id": "x",
        "_esm": "top.acted = 'widget'; export default { render() {} };",
    },
}


def test_make_mark_starts_the_lab_with_these_settings():
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", "mark", "PS_DIR=/course", "-o", ".venv/installed"],
        cwd=prose.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    words = shlex.split(done.stdout.replace("\\\n", " "))
    assert words[:3] == ["cd", "/course", "&&"]
    assert words[3].startswith(f"JUPYTER_CONFIG_PATH={prose.ROOT}/grading/marking:")


LAUNCHER = "import pathlib; pathlib.Path({!r}).touch()"  # a kernel would import it by its name
DIAGRAM = """~~~mermaid
flowchart TD
  A@{ img: "http://127.0.0.1:9/seen.png", label: "softmax", w: 60, h: 60 }
~~~"""
SPEC = {  # of a plot that fetches its data
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "data": {"url": "http://127.0.0.1:9/seen.json"},
    "mark": "bar",
}


@pytest.fixture(scope="module", params=[True, False], ids=["make mark", "another JupyterLab"])
def lab(request, tmp_path_factory, chromium):
    """A course's folder, and what opens one of its notebooks; elsewhere things act, so it looks."""
    root = tmp_path_factory.mktemp("course")
    marking = {"JUPYTER_CONFIG_PATH": str(prose.ROOT / "grading" / "marking")}
    with browser.jupyterlab(root, **marking if request.param else {}) as url:
        yield Lab(root, url, chromium, request.param)


class Lab:
    """A JupyterLab that a teacher opens what was handed in with."""

    def __init__(self, root, url, chromium, marking):
        """Keep where it is, and whether it has the settings of `make mark`."""
        self.root, self.url, self.chromium, self.marking = root, url, chromium, marking

    def opened(self, name, acted, *cells, metadata=None):
        """What `acted` gives, of a page that shows this notebook, once it is something."""
        notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata or {})
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        (self.root / name).mkdir(exist_ok=True)
        nbformat.write(notebook, self.root / name / "work.ipynb")
        with self.chromium.new_context() as context:
            page = context.new_page()
            page.asked = []
            page.on("request", lambda request: page.asked.append(request.url))
            page.goto(f"{self.url}/doc/tree/{name}/work.ipynb")
            page.locator(".jp-Notebook").wait_for(timeout=60_000)
            if self.marking:
                page.locator(".jp-Dialog", has_text="No Kernel").wait_for(timeout=60_000)
            for _ in range(80 if not self.marking else 20):
                page.wait_for_timeout(250)
                if found := acted(page):
                    return found
        return None


def test_a_notebook_that_is_opened_runs_nothing(lab):
    """Neither what MyST makes of a text nor a saved widget nor a file beside the notebook."""
    text, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
    saved = {"version_major": 2, "version_minor": 0, "state": {"a" * 32: WIDGET}}
    widgets = {"widgets": {"application/vnd.jupyter.widget-state+json": saved}}

    def says(page):
        return page.evaluate("window.acted")

    def asks(page):
        return next((url for url in page.asked if "9/seen" in url), None)

    plot = nbformat.v4.new_output("display_data", {"application/vnd.vegalite.v5+json": SPEC})
    acted = {
        "frame": lab.opened("frame", says, text(FRAME)),
        "widget": lab.opened("widget", says, metadata=widgets),
        "diagram": lab.opened("diagram", asks, text(DIAGRAM)),
        "plot": lab.opened("plot", asks, code("", outputs=[plot])),
    }
    mark = lab.root / "acted"
    (lab.root / "launcher").mkdir()
    launcher = lab.root / "launcher" / "ipykernel_launcher.py"
    launcher.write_text(LAUNCHER.format(str(mark)))
    acted["launcher"] = lab.opened("launcher", lambda _: mark.exists())
    assert [name for name, found in acted.items() if found] == ([] if lab.marking else [*acted])


def test_a_notebook_that_is_saved_is_saved_where_it_is(lab):
    """With Jupytext it says itself where else, a name that runs perhaps."""
    metadata = {"jupytext": {"formats": "ipynb,../made//py:percent"}}
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    notebook.cells.append(nbformat.v4.new_code_cell("1 + 1"))
    (lab.root / "pair").mkdir()
    nbformat.write(notebook, lab.root / "pair" / "work.ipynb")
    with lab.chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{lab.url}/doc/tree/pair/work.ipynb")
        page.locator(".jp-Notebook").wait_for(timeout=60_000)
        saved = page.evaluate(
            """async () => {
              const at = '/api/contents/pair/work.ipynb';
              const file = await (await fetch(at)).json();
              const sign = document.cookie.match(/_xsrf=([^;]*)/);
              const headers = {'X-XSRFToken': sign ? sign[1] : ''};
              const body = JSON.stringify({...file, path: 'pair/work.ipynb'});
              return (await fetch(at, {method: 'PUT', headers, body})).status;
            }"""
        )
    assert saved == 200
    made = {str(path.relative_to(lab.root)) for path in lab.root.rglob("work.py")}
    assert made == (set() if lab.marking else {"made/work.py"})


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own
def test_no_address_reads_another_course_s_settings_or_shows_a_student_s_page(lab, monkeypatch):
    """Of the form grader: the settings are a program, and a page's script acts for the teacher."""
    other, mark = lab.root / "other", lab.root / "read"
    other.mkdir()
    (other / "nbgrader_config.py").write_text(LAUNCHER.format(str(mark)))
    with lab.chromium.new_context() as context:
        programs = Path(sys.executable).parent  # a new gradebook is made by one of them
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
        with Gradebook(f"sqlite:///{lab.root}/gradebook.db") as book:
            book.add_assignment("hw")
            book.add_notebook("hw", "hw")
            book.add_student("ada")
            notebook = book.add_submission("hw", "ada").notebooks[0]
            page = f"{lab.url}/formgrader/submissions/{notebook.id}/..%2f..%2f..%2fpage.html"
        (lab.root / "page.html").write_text("<script>1</script>")
        tab = context.new_page()
        answer = tab.goto(f"{lab.url}/formgrader")
        assert ("connect-src 'self'" in answer.headers["content-security-policy"]) is lab.marking
        refused = 404 if lab.marking else 200
        others = [f"{lab.url}/{at}" for at in ("api/terminals", "courses", "formgraders")]
        assert {tab.goto(at).status for at in (page, *others)} == {refused}
        assert tab.goto(f"{lab.url}/formgrader?path={other}").status == 200
        assert mark.exists() is not lab.marking

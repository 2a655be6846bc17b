"""A notebook that is opened to be marked runs nothing, in the JupyterLab of `make mark`."""

import shlex
import subprocess
from importlib.metadata import version

import browser
import nbformat
import prose
import pytest

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


@pytest.mark.parametrize("settings", [True, False], ids=["make mark", "another JupyterLab"])
def test_a_notebook_that_is_opened_runs_nothing(tmp_path, chromium, settings):
    """Neither what MyST makes of a text nor a saved widget; elsewhere they do, so this looks."""
    metadata = {"widgets": {"application/vnd.jupyter.widget-state+json": {
        "version_major": 2, "version_minor": 0, "state": {"a" * 32: WIDGET}}}}  # fmt: skip
    work = {"frame": nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(FRAME)])}
    work["widget"] = nbformat.v4.new_notebook(metadata=metadata)
    for name, notebook in work.items():
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    found = {"JUPYTER_CONFIG_PATH": str(prose.ROOT / "grading" / "marking")} if settings else {}
    acted = {}
    with browser.jupyterlab(tmp_path, **found) as lab, chromium.new_context() as context:
        for name in work:
            page = context.new_page()
            page.goto(f"{lab}/doc/tree/{name}.ipynb")
            page.locator(".jp-Notebook").wait_for(timeout=60_000)
            page.get_by_text("| Idle").wait_for(timeout=60_000)
            for _ in range(20):
                page.wait_for_timeout(250)
                if page.evaluate("window.acted"):
                    break
            acted[name] = page.evaluate("window.acted") or None
            page.close()
    assert acted == (dict.fromkeys(work) if settings else {name: name for name in work})

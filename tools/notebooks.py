"""Execute the chapters in place and store them in one normal form.

    python tools/notebooks.py [FILES]        (default: chapters/*.ipynb)

A notebook whose cell raises is reported and left as it was.
"""

import json
import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

CHAPTERS = Path(__file__).resolve().parents[1] / "chapters"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class ThisPython(KernelSpecManager):
    """Starts every kernel with the interpreter that runs this script."""

    def get_kernel_spec(self, kernel_name):
        """The kernel of the running Python, whatever its name."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        argv.append("--log-level=ERROR")
        return KernelSpec(argv=argv, display_name=kernel_name, language="python")


def check_ids(notebook):
    """Raise ValueError unless every cell has an id of its own."""
    ids = [cell.get("id") for cell in notebook["cells"]]
    for number, cell_id in enumerate(ids, 1):
        if not cell_id:
            raise ValueError(f"cell {number} has no id")
        if ids.count(cell_id) > 1:
            raise ValueError(f"cell id {cell_id!r} is used {ids.count(cell_id)} times")


def neutral(folder):
    """Variables that keep this user's IPython profile and Matplotlib settings out of a kernel.

    folder : where IPython may keep a profile instead
    """
    settings = Path(find_spec("matplotlib").origin).parent / "mpl-data" / "matplotlibrc"
    return {"IPYTHONDIR": str(folder), "MATPLOTLIBRC": str(settings)}


def execute(notebook, folder=CHAPTERS):
    """Run every cell in a fresh kernel whose working directory is `folder`."""
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=600,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    with tempfile.TemporaryDirectory() as profile:
        client.execute(cleanup_kc=True, env={**os.environ, **neutral(profile)})


def merge_streams(outputs):
    """Join neighbouring stream outputs of one name, which the kernel splits at will."""
    merged = []
    for output in outputs:
        stream = output.get("name")  # only streams have a name
        if merged and stream and stream == merged[-1].get("name"):
            merged[-1]["text"] += output["text"]
        else:
            merged.append(output)
    return merged


def normalise(notebook):
    """Keep what a reader needs; drop what differs from run to run."""
    for cell in notebook.cells:
        for key in ("execution", "collapsed", "scrolled", "trusted", "ExecuteTime"):
            cell.metadata.pop(key, None)
        if "hide-cell" in cell.metadata.get("tags", []):  # folded in JupyterLab as on the page
            cell.metadata["jupyter"] = {"source_hidden": True, "outputs_hidden": True}
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:  # a widget is stored as words and HTML
                output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
        cell.pop("attachments", None)
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def text_of(notebook):
    """The notebook as the text of its file: sources as lists of lines, one indent."""
    split = json.loads(nbformat.v4.writes(notebook, split_lines=True))
    return json.dumps(split, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def run(path):
    """Execute and normalise one file; returns what went wrong, or None."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    try:
        check_ids(notebook)
    except ValueError as error:
        return f"{path.name}: {error}"
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        cell.source = "".join(cell.source)
    try:
        execute(notebook)
    except CellExecutionError as error:
        broken = next(
            cell["id"]
            for cell in notebook.cells
            if any(out.output_type == "error" for out in cell.get("outputs", []))
        )
        return f"{path.name}, cell {broken}:\n{error}"
    path.write_text(text_of(normalise(notebook)), encoding="utf-8")
    return None


def main(arguments):
    """Run the named notebooks, or all chapters; the exit code counts no success as failure."""
    failed = False
    for path in map(Path, arguments or sorted(CHAPTERS.glob("*.ipynb"))):
        problem = run(path)
        failed = failed or problem is not None
        print(problem or f"{path.name}: done", file=sys.stderr if problem else sys.stdout)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

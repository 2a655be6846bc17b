"""Write binder/requirements.txt: what a chapter needs, at the versions of the full lock.

python tools/light.py
python tools/light.py FOLDER      does each chapter in FOLDER print what the stored one does?
"""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def light():
    """The light install as text: the direct dependencies of the notebooks, and ce_lib itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["notebooks"]
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in wanted]
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for name in names for line in lock if line.startswith(f"{name}==")]
    return "\n".join(["# What the chapters need to run; `make lock` writes it.", *pins, "."]) + "\n"


def printed(path):
    """The text outputs of a notebook: a dict of cell id and text."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {
        cell["id"]: [
            "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
            for output in cell["outputs"]
        ]
        for cell in cells
        if cell["cell_type"] == "code"
    }


def differences(folder):
    """The cells of the chapters in `folder` that print something else than the stored ones."""
    for stored in sorted((ROOT / "chapters").glob("*.ipynb")):
        before, after = printed(stored), printed(folder / stored.name)
        yield from (f"{stored.name}#{cell}" for cell in before if before[cell] != after[cell])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        moved = [f"{cell} prints something else" for cell in differences(Path(sys.argv[1]))]
        sys.exit("\n".join(moved) or 0)
    (ROOT / "binder" / "requirements.txt").write_text(light(), encoding="utf-8")

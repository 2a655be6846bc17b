"""Write the chapters for Colab into a folder: each with one cell before it that installs ce_lib.

    python tools/colab.py [FOLDER]        (default: _build/colab)

Colab opens notebooks from a branch of the repository, in an environment that has NumPy and
Matplotlib but not ce_lib. The chapters themselves stay as they are.
"""

import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
EXTRA = ("anywidget", "latex2mathml")  # what ce_lib.widgets imports and Colab lacks


def install(repository, branch):
    """The cell that installs ce_lib from the repository, as a notebook stores it."""
    package = f"ce-lib @ git+{repository}@{branch}"
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": "install-on-colab",
        "metadata": {},
        "outputs": [],
        "source": [
            "# Colab does not have the book's package: run this cell first.\n",
            f'%pip install --quiet "{package}" {" ".join(EXTRA)}',
        ],
    }


def main(folder):
    """Write every chapter below `folder`, in its place in the repository."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]
    (folder / "chapters").mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"].insert(0, install(config["url"], config["branch"]))
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        (folder / "chapters" / path.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_build" / "colab")

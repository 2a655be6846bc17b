"""Write binder/requirements.txt: what a chapter needs, at the versions of the full lock."""

import re
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


if __name__ == "__main__":
    (ROOT / "binder" / "requirements.txt").write_text(light(), encoding="utf-8")

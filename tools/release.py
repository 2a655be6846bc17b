"""Is a release whole? Versions agree, the files are there, and the wheel needs NumPy alone.

    python tools/release.py        (make release-check runs it, after it has built everything)

Writes the entry of CHANGELOG.md to dist/notes.md, the text of the release. Says what is wrong, and
ends with 1 if anything is; the tag of a release is compared too, if TAG names it.
"""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "website")]

from ce_site.publish import edition  # noqa: E402

import ce_lib  # noqa: E402
from downloads import DIST, NAME  # noqa: E402

ALONE = """
import ce_lib
from importlib.metadata import distributions
assert ce_lib.cross_entropy([2.0, 1.0, 0.1], 0) > 0
print(ce_lib.__version__, *sorted(found.name for found in distributions()))
"""


def disagreements():
    """Where version and date of CHANGELOG.md's newest entry are not those of another place."""
    version, day = edition(ROOT)
    if ce_lib.__version__ != version:
        yield f"ce_lib.__version__ is {ce_lib.__version__}, the newest entry's version {version}"
    cited = dict(
        re.findall(r"^([\w-]+): (\S+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.MULTILINE)
    )
    if cited["version"] != version:
        yield f"CITATION.cff cites version {cited['version']}, the newest entry is {version}"
    if cited["date-released"] != day.isoformat():
        yield f"CITATION.cff says {cited['date-released']}, the newest entry {day}"
    if not notes(version):
        yield f"CHANGELOG.md says nothing of {version}"
    if os.environ.get("TAG", f"v{version}") != f"v{version}":
        yield f"the tag is {os.environ['TAG']}, the newest entry's version {version}"


def notes(version):
    """What CHANGELOG.md says of a version; empty if nothing."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entry = re.search(
        rf"^## \[{re.escape(version)}\].*?\n(.*?)(?=^## \[|^\[|\Z)", text, re.MULTILINE | re.DOTALL
    )
    return entry[1].strip() if entry else ""


def missing():
    """What a release needs and dist/ does not hold, and an edition that is dated tomorrow."""
    version, day = edition(ROOT)
    wheel = DIST / f"ce_lib-{version}-py3-none-any.whl"
    suffixes = (".pdf", ".epub", ".zip", ".apkg")
    for path in (*(DIST / f"{NAME}{suffix}" for suffix in suffixes), wheel):
        if not path.exists():
            yield f"{path.relative_to(ROOT)} is not there"
    if day > date.today():
        yield f"the edition is of {day}, which has not come yet"
    if wheel.exists():
        yield from alone(wheel)


def alone(wheel):
    """What goes wrong when the wheel is used in an environment of its own."""
    uv = [Path(sys.executable).parent / "uv", "run", "--quiet", "--isolated", "--no-project"]
    done = subprocess.run(
        [*uv, "--python", sys.executable, "--with", wheel, "python", "-I", "-c", ALONE],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stdout.split() != [ce_lib.__version__, "ce-lib", "numpy"]:
        yield f"the wheel in an environment of its own: {done.stdout}{done.stderr}"


if __name__ == "__main__":
    faults = [*disagreements(), *missing()]
    (DIST / "notes.md").write_text(notes(edition(ROOT)[0]) + "\n", encoding="utf-8")
    print("\n".join(faults) or "A release can be made: versions agree, nothing is missing.")
    sys.exit(bool(faults))

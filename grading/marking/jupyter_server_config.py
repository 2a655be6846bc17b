"""The server of `make mark`: nothing that a student handed in runs, whatever is opened or followed.

A text or a file that hides its purpose may still get to a teacher's click. So there is no program
here that it could start, and no request that it could send elsewhere.
"""

from typing import Any, NoReturn

from nbgrader.server_extensions.formgrader.handlers import (
    FormgraderHandler,
    SubmissionFilesHandler,
)
from tornado.web import HTTPError

c: Any = get_config()  # type: ignore[name-defined]  # noqa: F821  # where Jupyter runs this file

# A kernel begins in the folder of its notebook, and imports what lies there under its modules'
# names: files that students may have handed in. It does so as soon as a notebook is opened.
c.KernelSpecManager.ensure_native_kernel = False
c.KernelSpecManager.allowed_kernelspecs = {"none"}
c.ServerApp.terminals_enabled = False
# Jupytext would save a notebook a second time, where the notebook itself says: as a course's
# settings, for example. nbgrader's button "Validate" would run the notebook.
OFF = ["jupyterlab_jupytext", "jupyter_lsp", "jupyter_server_terminals"]
OFF += [f"nbgrader.server_extensions.{name}" for name in
        ("validate_assignment", "assignment_list", "course_list")]  # fmt: skip
c.ServerApp.jpserver_extensions = dict.fromkeys(OFF, False)
c.LabApp.extension_manager = "readonly"
# Nothing is fetched from elsewhere but the form grader's scripts, or sent there.
SOURCES = {"img": "data: blob:", "media": "data: blob:", "frame": "data: blob:"}
SOURCES |= {"object": "data: blob:", "connect": ""}
c.ServerApp.tornado_settings = {
    "headers": {
        "Content-Security-Policy": "frame-ancestors 'self'; form-action 'self'; base-uri 'self'; "
        + "; ".join(f"{kind}-src 'self' {more}" for kind, more in SOURCES.items())
    }
}

asked = FormgraderHandler.get_argument


def of_this_course(handler: FormgraderHandler, name: str, *default: Any, **more: Any) -> Any:
    """What an address says; of another course's folder nothing, whose settings would be run."""
    return "" if name == "path" else asked(handler, name, *default, **more)


def refuse(*_: Any, **__: Any) -> NoReturn:
    """Show no file of the course: a page that a student wrote would act for the teacher."""
    raise HTTPError(404)


setattr(FormgraderHandler, "get_argument", of_this_course)  # noqa: B010  # mypy takes no method
setattr(SubmissionFilesHandler, "get", refuse)  # noqa: B010

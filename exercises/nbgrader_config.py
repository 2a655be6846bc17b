"""Settings of nbgrader for the problem sets.

`make .venv/installed` leads the environment's nbgrader here, so that its own commands have them in
every folder: nbgrader passes over settings that are not there, or fail, and would grade without a
jail.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
try:
    from grading.autograde import configure
except Exception as error:
    sys.exit(f"Nothing is graded: the book's grader is not whole: {type(error).__name__}: {error}")

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "cross-entropy"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__"]
c.ClearSolutions.code_stub = (
    '# your code here\nraise NotImplementedError("replace this line by your answer")'
)
c.ClearSolutions.text_stub = "*Your answer here.*"
# Rubrics stand in locked cells; the gradebook keeps them for the form grader.
c.ClearMarkScheme.enforce_metadata = False

configure(c)  # submissions run in a jail, and the verdict is reached outside

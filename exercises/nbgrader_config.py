"""Settings of nbgrader for the problem sets.

`make .venv/installed` links this file into the environment, where nbgrader reads it whatever folder
it is called in. Without it nbgrader would run submissions without a jail: it ignores settings that
are missing or fail.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
try:
    from grading.autograde import configure
except Exception as error:
    why = f"{type(error).__name__}: {error}"
    sys.exit(f"Nothing is graded, since the book's grader cannot be loaded: {why}")

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

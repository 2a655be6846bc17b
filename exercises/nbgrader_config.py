"""Settings of nbgrader for the problem sets; its own commands, run in this folder, read them."""

from grading.autograde import configure

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

"""From whatever was handed in to one notebook for each student, or set aside with a reason.

Teachers put what they received into `inbox/<set>/`: a folder for each student, notebooks named
after students, or what a learning platform makes of all submissions. Nothing there is changed. Each
student's newest readable notebook is put back into the form that was released and written to
`submitted/<student>/<set>/<set>.ipynb`; whatever is not graded is listed with the reason.

`gather` finds the files (`inbox`, `archives`) and says whose they are (`platforms`, `columns`,
`roster`, `owners`). `take_in` (`students`) reads the newest of each student (`cells`) and restores
the notebook (`notebook`, `markdown`). `records` writes all of it.

No file can stop the others: whatever goes wrong with one, when it is opened, unpacked or read, is
the reason why that one is set aside. Files are read one at a time, and of a student who handed in
several only as many as it takes.
"""

from grading.intake.cells import CELLS, LONGEST, Pictures, read_cells
from grading.intake.files import (
    EPOCH,
    LARGEST,
    HandedIn,
    Unreadable,
    printable,
    read_file,
    stamped,
    student_id,
)
from grading.intake.inbox import gather
from grading.intake.markdown import harmless
from grading.intake.notebook import LOOK, restore, strange
from grading.intake.platforms import METADATA, ON_CANVAS
from grading.intake.records import (
    Entry,
    Marked,
    Submission,
    as_written,
    late_by,
    listed,
    made,
    no_formula,
    not_entered,
    read_json,
    read_texts,
    recalled,
    replace,
    report,
    reported,
    write,
)
from grading.intake.roster import Roster, read_roster
from grading.intake.students import take_in

__all__ = [
    "CELLS", "EPOCH", "LARGEST", "LONGEST", "LOOK", "METADATA", "ON_CANVAS", "Entry", "HandedIn",
    "Marked", "Pictures", "Roster", "Submission", "Unreadable", "as_written", "gather", "harmless",
    "late_by", "listed", "made", "no_formula", "not_entered", "printable", "read_cells",
    "read_file", "read_json", "read_roster", "read_texts", "recalled", "replace", "report",
    "reported", "restore", "stamped", "strange", "student_id", "take_in", "write",
]  # fmt: skip

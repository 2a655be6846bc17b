"""The command line of `grading.run`."""

import io
import sys

if sys.platform == "win32":
    sys.exit(
        "Grading needs Linux: use WSL, or the container that exercises/Containerfile describes"
    )

from grading.run import main

for stream in (sys.stdout, sys.stderr):  # a student's file may have any letters in its name
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
sys.exit(main())

"""The command line of `grading.run`."""

import sys

if sys.platform == "win32":
    sys.exit(
        "Grading needs Linux: use WSL, or the container that exercises/Containerfile describes"
    )

from grading.run import main

sys.exit(main())

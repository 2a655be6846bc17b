"""The command line of `grading.run`."""

import sys

from grading.run import main

sys.exit(main())

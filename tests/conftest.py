"""What several test files share."""

import os
import shutil

import pytest


@pytest.fixture
def need():
    """need(tool) gives a program's path; without it, a skip at home and a failure in CI."""

    def find(tool):
        path = shutil.which(tool)
        if path is None:
            message = f"{tool} is not installed: this check did not run"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        return path

    return find

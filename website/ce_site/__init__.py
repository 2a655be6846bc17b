"""The book's Sphinx extensions, as one: what _config.yml names and Sphinx sets up."""

import zlib
from pathlib import Path

from ce_site import (
    book,
    cells,
    chapter_map,
    elements,
    exercises,
    guesses,
    lite,
    maths,
    practice,
    publish,
    reference,
    search_index,
    signatures,
)

PARTS = (
    book,
    cells,
    chapter_map,
    lite,
    elements,
    exercises,
    guesses,
    maths,
    practice,
    publish,
    reference,
    search_index,
    signatures,
)


def setup(app):
    """Register every part."""
    for part in PARTS:
        part.setup(app)
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*.py")))
    return {
        "env_version": zlib.crc32(code),  # pages read by other code are read again
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

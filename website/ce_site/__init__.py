"""The book's Sphinx extensions, as one: what _config.yml names and Sphinx sets up."""

from ce_site import (
    book,
    cells,
    chapter_map,
    elements,
    lite,
    maths,
    practice,
    publish,
    reference,
    search_index,
)

PARTS = (
    book,
    cells,
    chapter_map,
    lite,
    elements,
    maths,
    practice,
    publish,
    reference,
    search_index,
)


def setup(app):
    """Register every part."""
    for part in PARTS:
        part.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

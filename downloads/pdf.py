"""Print the book: title, contents with page numbers, chapters, answers. See downloads.

Chromium sets page numbers and running titles but cannot say in the contents on which page
something is: so the book is printed, the pages are read from its links, and it is printed again.
"""

import contextlib
from datetime import datetime

from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit

from downloads import assembled, make

PRINT = {"prefer_css_page_size": True, "print_background": True, "tagged": True}
TEXT_WIDTH = 627  # CSS pixels: A4 less the margins that print.css sets


@contextlib.contextmanager
def laid_out(site, chromium):
    """The whole book as it will be printed, title and contents included, and what is in it."""
    with assembled(site, chromium) as (page, book):
        page.set_viewport_size({"width": TEXT_WIDTH, "height": 900})
        page.emulate_media(media="print")
        page.evaluate("(book) => addFront(book)", book)
        yield page, book


def write(site, path, chromium):
    """The PDF of the built site; RuntimeError names what would be cut."""
    with laid_out(site, chromium) as (page, book):
        if faults := page.evaluate("tooLarge()"):
            raise RuntimeError("does not fit on a page: " + "; ".join(faults))
        filled, seen = {}, []
        for _ in range(8):
            page.pdf(path=path, **PRINT)
            places = places_of(path)
            numbers = {name: number for name, (number, _) in places.items()}
            if numbers == filled:
                break
            if numbers not in seen:  # else Chromium alternates between two layouts: print again
                page.evaluate("(numbers) => fillIn(numbers)", numbers)
                filled = numbers
            seen.append(numbers)
        else:
            raise RuntimeError("the page numbers in the contents did not settle")
    finish(path, book, places)


def places_of(path):
    """For each id that a link leads to: the page's number from 1, and the height on it."""
    reader = PdfReader(path)
    return {
        name.removeprefix("/"): (reader.get_destination_page_number(place) + 1, place.top)
        for name, place in reader.named_destinations.items()
    }


def finish(path, book, places):
    """Add bookmarks, and say what the file is; its date is the edition's, not the clock's."""
    writer = PdfWriter(clone_from=path)
    writer.pdf_header = "%PDF-1.7"

    def bookmark(to, parent=None):
        number, top = places[to["id"]]
        fit = Fit.xyz(top=top)
        return writer.add_outline_item(
            title=to["title"], page_number=number - 1, parent=parent, fit=fit, is_open=False
        )

    for page in book["pages"]:
        parent = bookmark(page)
        for section in page["sections"]:
            bookmark(section, parent)
    writer.page_mode = "/UseOutlines"
    writer.create_viewer_preferences().display_doctitle = True
    about = {"/Title": book["title"], "/Author": book["author"]}
    about["/Subject"] = f"Edition of {book['day']}, version {book['version']}. {book['licence']}"
    day = datetime.fromisoformat(book["edition"]).strftime("D:%Y%m%d000000Z")
    writer.add_metadata({**about, "/CreationDate": day, "/ModDate": day})
    writer.write(path)


if __name__ == "__main__":
    make(write, ".pdf")

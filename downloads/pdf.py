"""Print the book: title, contents with page numbers, chapters, answers. See downloads.

Chromium sets page numbers and running titles but cannot say in the contents on which page
something is: so the book is printed, the pages are read from its links, and it is printed again.
"""

from datetime import date, datetime

from pypdf import PdfReader, PdfWriter

from downloads import assembled, make

LICENCE = "Text and figures: CC BY 4.0 (creativecommons.org/licenses/by/4.0). Code: BSD-3-Clause."
FRONT = """(book) => {
    const make = (tag, className, ...children) => {
        const element = Object.assign(document.createElement(tag), {className});
        element.append(...children);
        return element;
    };
    const entry = ({id, title}, className) => {
        const link = make('a', className, make('span', '', title), make('span', 'page-number', ''));
        link.href = `#${id}`;
        link.lastChild.dataset.to = id;
        return make('li', '', link);
    };
    const contents = make('nav', 'contents', make('h1', '', 'Contents'));
    let part = null;
    for (const page of book.pages) {
        if (page.part !== part) {
            if (page.part) contents.append(make('p', 'part', page.part));
            contents.append(make('ul', ''));
            part = page.part;
        }
        const item = entry(page, 'chapter');
        if (page.sections.length) {
            item.append(make('ul', '', ...page.sections.map((one) => entry(one, 'section'))));
        }
        contents.lastChild.append(item);
    }
    const address = make('a', '', book.published);
    address.href = book.published;
    const edition = `Edition of ${book.day}, version ${book.version}`;
    const title = make('section', 'title-page', make('p', 'title', book.title),
        make('p', 'subtitle', 'From scores to loss, by running it'),
        make('p', 'edition', edition), make('p', 'licence', book.licence),
        make('p', 'licence', 'The website, with figures that move and notebooks to run: ', address));
    document.querySelector('#book').prepend(title, contents);
    const running = book.pages.map(({id, title}) => `
        @page ${id} { @top-left { content: ${JSON.stringify(title)} } }
        #${CSS.escape(id)} { page: ${id} }`);
    const style = make('style', '', running.join(''));
    document.head.append(style);
}"""
FILL = """(pages) => {
    for (const place of document.querySelectorAll('.page-number')) {
        place.textContent = pages[place.dataset.to];
    }
}"""
# What is wider than the page is set smaller, as far as it must be.
FIT = """() => {
    for (const box of document.querySelectorAll('div.math, .scrolls, .ce-scroll, td, .ce-widget')) {
        const inner = box.matches('div.math') ? box.querySelector('mjx-math') : box;
        const ratio = box.clientWidth / Math.max(inner.scrollWidth, box.scrollWidth);
        if (box.clientWidth && ratio < 0.999) {
            box.style.fontSize = `${Math.floor(ratio * 98)}%`;
        }
    }
}"""


def write(site, path, chromium):
    """The PDF of the built site."""
    with assembled(site, chromium, "print.css") as (page, book):
        page.set_viewport_size({"width": 627, "height": 900})  # 166 mm, as in print.css
        page.emulate_media(media="print")
        day = date.fromisoformat(book["edition"])
        book |= {"day": f"{day.day} {day:%B %Y}", "licence": LICENCE}
        page.evaluate(FRONT, book)
        page.evaluate("document.fonts.ready.then(() => true)")
        page.evaluate(FIT)
        numbers = {}
        while True:
            page.pdf(path=path, prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
            found = pages_of(path)
            if found == numbers:
                break
            numbers = found
            page.evaluate(FILL, numbers)
    describe(path, book)


def pages_of(path):
    """The page number of each place that a link leads to."""
    reader = PdfReader(path)
    places = reader.named_destinations
    return {
        name.lstrip("/"): reader.get_destination_page_number(place) + 1
        for name, place in places.items()
    }


def describe(path, book):
    """Say in the file what it is; its date is the edition's, not the clock's."""
    writer = PdfWriter(clone_from=path)
    day = datetime.fromisoformat(book["edition"]).strftime("D:%Y%m%d000000Z")
    writer.add_metadata(
        {
            "/Title": book["title"],
            "/Author": "The makers of Cross-Entropy and Softmax",
            "/Subject": f"Edition of {book['day']}, version {book['version']}. {LICENCE}",
            "/CreationDate": day,
            "/ModDate": day,
        }
    )
    writer.write(path)


if __name__ == "__main__":
    make(write, ".pdf")

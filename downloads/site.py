"""Pack the site as it is read, with a note on how to open it. See downloads."""

import re

from downloads import LICENCE, NAME, ROOT, SITE, archive, report, target

README = """Cross-Entropy and Softmax, edition of {edition}, version {version}

To read the site takes a server and no network. (To run a chapter in the browser takes one:
Python comes from Pyodide's CDN.) In this folder:

    python3 -m http.server 8000 --bind 127.0.0.1

Then open http://localhost:8000 in a browser.

{licence}
"""

LINK = re.compile(rb'href="(?:\.?\.?/)*(' + NAME.encode() + rb'\.(?:pdf|epub|zip|apkg))"')


def write(site, path):
    """The zip of the built site: one folder, which any server of files can hand out."""
    front = (site / "index.html").read_text(encoding="utf-8")
    edition, version = re.search(r'data-edition="(.*?)" data-version="(.*?)"', front).groups()
    base = re.search(r'rel="canonical" href="(.*?)index.html"', front)[1]
    about = README.format(edition=edition, version=version, licence=LICENCE)
    with archive(path, edition) as add:
        add(f"{NAME}/README.txt", about)
        for name in ("LICENSE", "LICENSE-text"):
            add(f"{NAME}/{name}", (ROOT / name).read_bytes())
        for file in sorted(site.rglob("*")):
            if file.is_file() and file.name != ".buildinfo":
                content = file.read_bytes()
                if file.suffix == ".html":  # the downloads are where the book is published
                    content = LINK.sub(rb'href="' + base.encode() + rb'\1"', content)
                add(f"{NAME}/{file.relative_to(site).as_posix()}", content)


if __name__ == "__main__":
    write(SITE, target(".zip"))
    report(target(".zip"))

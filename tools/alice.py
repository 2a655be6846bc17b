"""Write ce_lib/alice.txt.bz2, the text of chapter 12, from Project Gutenberg's file 11.txt.

    python tools/alice.py 11.txt

Source: Lewis Carroll, Alice's Adventures in Wonderland (1865), in the public domain; Project
Gutenberg's eBook 11, https://www.gutenberg.org/ebooks/11, in its edition of 2008.
"""

import bz2
import re
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "ce_lib" / "alice.txt.bz2"


def letters(book):
    """The novel alone, in small letters and single spaces."""
    novel = book.split("FULCRUM EDITION 3.0", 1)[1].split("THE END", 1)[0]
    novel = re.sub(r"^\s*CHAPTER [IVX]+\..*$", "", novel, flags=re.MULTILINE)
    novel = re.sub(r"(?<=[A-Za-z])'(?=[A-Za-z])", "", novel)
    return re.sub(r"[^a-z]+", " ", novel.lower()).strip()


if __name__ == "__main__":
    text = letters(Path(sys.argv[1]).read_text(encoding="utf-8"))
    FILE.write_bytes(bz2.compress(text.encode("ascii")))
    print(f"{FILE.name}: {len(text):,} letters, {FILE.stat().st_size} bytes")

"""The digits of chapter 8 and the text of chapter 12, in the package: nothing is downloaded."""

import bz2
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def digits() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """1,797 handwritten digits of 8 x 8 pixels, as (images, labels).

    images : float64 (1797, 8, 8), ink from 0 to 16. labels : integers (1797,), 0 to 9.
    The test part of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak
    (1998), UCI Machine Learning Repository, doi:10.24432/C50P49, under CC BY 4.0; the same
    pictures in the same order as scikit-learn's load_digits. tools/digits.py wrote the file.
    """
    with np.load(Path(__file__).with_name("digits.npz")) as file:
        return file["images"].astype(np.float64), file["labels"].astype(np.intp)


def alice() -> str:
    """ "Alice's Adventures in Wonderland" by Lewis Carroll (1865), in 27 letters: a to z and space.

    133,927 letters, from Project Gutenberg's edition 11, without title, chapter headings and
    numbers. Capitals are made small, apostrophes inside words left out, and everything else is one
    space. The book is in the public domain. tools/alice.py wrote the file.
    """
    file = Path(__file__).with_name("alice.txt.bz2")
    return bz2.decompress(file.read_bytes()).decode("ascii")

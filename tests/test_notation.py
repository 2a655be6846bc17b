"""A letter of the notation page has one meaning: what can be told from the text is checked here."""

import re

import prose
import pytest

ELSEWHERE = {  # a letter with one home: the chapters that may use it
    r"\\lambda\b": {8},  # the weight of the penalty; the unit of a logarithm is a constant a
    r"\bM\b": {8},  # the bound on the curvature
    r"\bB\b": set(),  # batches are N, matrices and scores have names
    r"\\ell_": set(),  # lengths of code words are n_k
    r"\bg\w*\s*=\s*y\b": set(),  # g is p̂ − y
    r"\bH\b(?!\s*\\?[(_\[{]|_)": set(),  # the Hessian is a nabla; H(...) is an entropy
}
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$", re.DOTALL)
WORDS = re.compile(r"\\(?:text|mathrm|operatorname\*?)\{[^}]*\}")


def faults(chapter, text):
    """Each formula of a chapter that uses a letter for something else."""
    for match in FORMULA.finditer(text):
        formula = WORDS.sub(" ", match[1] or match[2])
        for letter, homes in ELSEWHERE.items():
            if chapter not in homes and re.search(letter, formula):
                yield f"{letter} in {match[0]}"


@pytest.mark.parametrize("path", prose.CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_uses_the_letters_of_the_notation_page(path):
    cells = prose.load(path)["cells"]
    texts = [c["source"] if c["cell_type"] == "markdown" else prose.question(c) for c in cells]
    found = [fault for text in texts if text for fault in faults(int(path.stem[:2]), text)]
    assert not found, "\n".join(found)


def test_another_meaning_is_found():
    assert list(faults(1, r"the constant $\lambda$"))
    assert list(faults(7, r"$g = y - \hat p$"))
    assert list(faults(8, "the Hessian $H$"))
    assert not list(faults(8, r"$\lambda$, $M$, $H(y)$, $H(Y \mid X)$ and $g = \hat p - y$"))

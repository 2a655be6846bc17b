"""The README is true: its commands exist, its code gives what it says, its folders are there."""

import re

import light
import numpy as np
import prose
import pytest

import ce_lib as ce

README = (prose.ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (prose.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (prose.ROOT / "Makefile").read_text(encoding="utf-8")


COMMANDS = set(re.findall(r"(?:`|^)make ([a-z-]+)\b", README + GUIDE, re.MULTILINE))


@pytest.mark.parametrize("target", sorted(COMMANDS))
def test_every_command_that_is_named_can_be_made(target):
    assert re.search(rf"^{target}:.*##", MAKEFILE, re.MULTILINE), f"no target {target}"


def test_the_code_gives_what_its_comments_say():
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)[1].splitlines()
    names = {}
    exec(code[0], names)
    claims = [line.split("#") for line in code if "#" in line]
    assert len(claims) == 3
    for expression, comment in claims:
        value = eval(expression, names)
        said = [n for n in prose.numbers(comment) if prose.needs_a_source(n)]
        for number, part in zip(said, np.atleast_1d(value), strict=False):
            assert number.fits(prose.Decimal(repr(float(part)))), (expression, comment)


def test_the_light_install_has_the_versions_of_the_lock():
    text = (prose.ROOT / "binder" / "requirements.txt").read_text(encoding="utf-8")
    assert text == light.light(), "make lock writes binder/requirements.txt"


def test_the_lock_names_no_host_and_no_path():
    text = (prose.ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"://|^[./]|@ ", text, re.MULTILINE)
    assert "torch" not in text


def test_what_stands_where_is_all_there_is():
    listed = re.search(r"## What is where\n\n```\n(.*?)```", README, re.DOTALL)[1]
    named = set(re.findall(r"^(\S+?)/ ", listed, re.MULTILINE))
    folders = {p.parent.name for p in prose.ROOT.glob("*/*") if p.is_file()}
    assert {f for f in folders if not f.startswith((".", "_", "dist"))} == named


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (ce.surprisal, {"1.4": "eq-su-log", "1.5": "eq-su-units"}),
        (ce.entropy, {"1.6": "eq-su-entropy"}),
        (ce.huffman_lengths, {"1.11": "eq-su-within"}),
        (ce.cross_entropy_from_probs, {"2.1": "eq-ce"}),
        (ce.softmax, {"3.1": "eq-sm-softmax"}),
        (ce.logsumexp, {"5.3": "eq-st-log"}),
        (ce.log_softmax, {"5.3": "eq-st-log"}),
        (ce.cross_entropy, {"5.5": "eq-st-log1p"}),
        (ce.cross_entropy_with_grad, {"7.7": "eq-gr", "7.16": "eq-gr-own"}),
        (ce.linear_cross_entropy_with_grad, {"6.6": "eq-sc-linear"}),
        (ce.softmax_jacobian, {"7.3": "eq-gr-jacobian"}),
        (ce.cross_entropy_hessian, {"8.2": "eq-le-hessian", "8.4": "eq-le-variance"}),
    ],
)
def test_a_docstring_numbers_its_equation_as_the_book_does(function, names):
    for number, name in names.items():
        chapter, place = map(int, number.split("."))
        (path,) = (p for p in prose.CHAPTERS if p.stem.startswith(f"{chapter:02d}_"))
        text = "".join("".join(c["source"]) for c in prose.load(path)["cells"])
        labels = re.findall(r"^\$\$ *\((eq-[\w-]+)\)", text, re.MULTILINE)
        assert labels[place - 1] == name
        assert re.search(rf"[Ee]quations? .*{re.escape(number)}", function.__doc__, re.DOTALL)

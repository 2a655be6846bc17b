"""Problem sets: solutions earn everything, releases hold none, mistakes get their sentence."""

import ast
import contextlib
import copy
import dataclasses
import functools
import itertools
import json
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import nbformat
import numpy as np
import prose
import pytest
from nbclient import NotebookClient
from nbgrader.api import Gradebook

import ce_lib as ce
from grading import compare, intake, release, sets, verdict
from grading.inside import exchange

SETS = sorted(path.stem for path in sets.EXERCISES.glob("ps-*.py"))
STUDENT = prose.ROOT / ".venv-student" / "bin" / "python"
VARIANTS = [None, 1, 7]


@functools.cache
def loaded(name, variant=None):
    """A set in a variant, read once."""
    return sets.load(name, variant)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in a folder of its own, where every set has been released, in variant 7."""
    root = tmp_path_factory.mktemp("course")
    for name in SETS:
        release.release(name, 7, root)
    return root


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", SETS)
def test_solutions_earn_all_and_releases_none_and_mistakes_are_named(name, variant):
    """`faults` tries it: each solution, the student edition as it is, each mistake by name."""
    problem_set = loaded(name, variant)
    assert problem_set.faults(seed=3) == []
    solved = problem_set.run()
    for question in problem_set.questions:
        if question.kind != "text":
            assert question.earned(solved, seed=4), question.id
        for number, mistake in enumerate(question.mistakes if variant is None else ()):
            wrong = {question.name: mistake.wrong}
            passed = [seed for seed in range(100, 110) if question.earned(wrong, seed)]
            assert not passed, (question.id, number, passed)


REMEMBERS = """return absorb.all_of(state, part)

def all_of(state, part, read=[]):
    if np.all(state[0] == -np.inf) and not np.any(state[1]):
        read.clear()
    read.append(part)
    start = (np.full(len(part), -np.inf), np.zeros(len(part)), np.zeros(len(part)))
    return right(start, np.concatenate(read, axis=1))

absorb.all_of = all_of
"""
MISSES = [  # (set, question, a pattern in its solution, what a student may have instead)
    (
        "ps-surprisal",
        "q2",
        r"\(probs\).sum\(\) / losses.sum\(\)",
        "(probs.flat[0]) / losses.flat[0]",
    ),
    ("ps-softmax", "q6", r"return np.*", "return np.insert(kept, [1], new, axis=-1)"),
    ("ps-softmax", "q7", "-100.0, 100.0", "-6.0, 6.0"),
    ("ps-the-pair", "q7", r"\*= 2", "*= 1; break"),
    ("ps-stability", "q4", r" - np.log\(np.exp\(shifted.*", ""),
    ("ps-stability", "q6", r"rest \+ np.exp\(-behind\)", "rest"),
    ("ps-at-scale", "q6", r"(?s)m, s, t = state.*", REMEMBERS),
    ("ps-calibration", "q4", r"np.unique\(bins\)", "range(bins.max() + 1)"),
    ("ps-calibration", "q5", r"\(probs == p\).all\(axis=1\)", "probs.max(axis=1) == p.max()"),
    ("ps-calibration", "q5", r"\(probs == p\).all\(axis=1\)", "probs[:, 0] == p[0]"),
    ("ps-calibration", "q5", r", minlength=len\(p\)", ""),
    ("ps-calibration", "q7", r"np.ceil\((.*)\)\)\n", r"\1 + 0.5)\n"),
    ("ps-calibration", "q7", r">= \(of_label", "> (of_label"),
    ("ps-language-models", "q4", r" \| \(p == p.max.*", ""),
]


@pytest.mark.parametrize(("name", "place", "piece", "instead"), MISSES)
def test_hidden_inputs_show_what_a_function_misses(name, place, piece, instead):
    """Each of these earned points once: no input was of the kind that it is wrong for."""
    tried = 0
    for variant in (None, *range(1, 8)):
        problem_set = loaded(name, variant)
        question = next(q for q in problem_set.questions if q.id == place)
        cell = next(c.source for c in problem_set.cells if c.get("id") == f"{place}-answer")
        code = re.sub(piece, instead, cell)
        if code == cell:
            continue
        tried += 1
        known = problem_set.run() | {"right": question.reference}
        for seed in range(4):
            names = sets.execute(code, dict(known), name)
            assert not question.earned(names, seed), (variant, seed)
    assert tried


NUMBERS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def asked_with_digits(problem_set):
    """Each question that a machine grades, with the digits that its text names, or None."""
    asked, task = {question.id: question for question in problem_set.questions}, ""
    for cell in problem_set.student().cells:
        task = cell.source if cell.cell_type == "markdown" else task
        question = asked.get(cell.id)
        if question and question.kind != "text":
            said = re.search(rf"\b({'|'.join(NUMBERS)})\s+digits", task, re.I)
            yield question, NUMBERS.index(said[1].lower()) + 2 if said else None


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", SETS)
def test_as_many_digits_as_a_question_asks_for_are_enough(name, variant):
    """An answer rounded to them is off by half a unit of the last one at most."""
    problem_set = loaded(name, variant)
    for question, digits in asked_with_digits(problem_set):
        number = question.kind == "value" and isinstance(question.reference, (float, np.floating))
        assert digits or not number or float(question.reference).is_integer(), question.id
        if not digits:
            continue
        assert question.rtol >= 0.5 * 10.0 ** (1 - digits), (question.id, digits)
        if number:
            rounded = f"{question.name} = {question.reference:.{digits - 1}e}"
            names = problem_set.run({f"{question.id}-answer": rounded}, check=question.id)
            assert question.earned(names, seed=0), (question.id, rounded)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_worth_doing(name):
    """Six to nine questions of several kinds, from ★ to ★★★, one of them a derivation."""
    problem_set = loaded(name)
    questions = problem_set.questions
    assert 6 <= len(questions) <= 9
    assert 20 <= sum(q.points for q in questions) <= 30
    kinds = [q.kind for q in questions]
    assert kinds.count("text") == 1
    assert kinds.count("value") >= 1
    assert kinds.count("function") >= 4
    assert all(q.mistakes for q in questions if q.kind != "text")
    asked = [c.source for c in problem_set.source().cells if re.match(r"## \d", c.source)]
    stars = [len(re.match(r"## \d.*?(★+) \(\d points?\)", text)[1]) for text in asked]
    assert len(asked) == len(questions)
    assert stars == sorted(stars)
    assert set(stars) == {1, 2, 3}
    assert all(re.search(r"\*Sections?: \[", text) for text in asked)


SPOILED = """
def {0}(*args, right={0}):
    r = right(*args)
    return {1}
"""
EACH = "tuple(map(lambda x: {0}, r)) if isinstance(r, tuple) else (lambda x: {0})(r)"
BLUNDERS = {  # what may spoil any answer; a check should meet it with a message
    "function": [
        SPOILED.format("{0}", wrong)
        for wrong in ("None", "[r]", "(*r, 0)", "r[::-1]", "0 if isinstance(r, str) else 2 * r")
    ]
    + [
        SPOILED.format("{0}", EACH.format(part))
        for part in ("np.array(x)[None]", "np.sum(x)", "-x", "0 * x", "1.4 * x", "x + 1", "x + '2'")
    ],
    "value": [
        "{0} = " + wrong for wrong in ("None", "'2'", "[{0}, 1]", "-{0}", "np.inf", "-np.inf")
    ]
    + [f"{{0}} *= {factor}" for factor in (1e-6, 1.4, 1e6)],
}


@pytest.mark.parametrize("name", SETS)
def test_every_message_of_a_check_is_met_by_a_wrong_answer(name):
    """No assertion of a public check is there that no mistake and no blunder brings out."""
    quiet = set()
    for variant in VARIANTS:
        problem_set = loaded(name, variant)
        cells = {cell.get("id"): cell.source for cell in problem_set.cells}
        for question in (q for q in problem_set.questions if q.kind != "text"):
            tree = ast.walk(ast.parse(cells[question.id]))
            asserts = {(question.id, n.lineno) for n in tree if isinstance(n, ast.Assert)}
            wrong = [mistake.code for mistake in question.mistakes]
            wrong += [blunder.format(question.name) for blunder in BLUNDERS[question.kind]]
            met = set()
            for code in wrong:
                answer = f"{cells[question.id + '-answer']}\n{code}"
                with contextlib.suppress(Exception):
                    try:
                        problem_set.run({f"{question.id}-answer": answer}, check=question.id)
                    except AssertionError as error:
                        met.add((question.id, traceback.extract_tb(error.__traceback__)[-1].lineno))
            quiet = (quiet | asserts) - met if variant is None else quiet - met
    assert not quiet


@pytest.mark.parametrize("name", SETS)
def test_an_answer_of_nothing_gets_a_message(name):
    """A forgotten `return`, or None for a number, ends in a sentence and not in a TypeError."""
    problem_set = loaded(name)
    cells = {cell.get("id"): cell.source for cell in problem_set.cells}
    for question in (q for q in problem_set.questions if q.kind != "text"):
        blunder = BLUNDERS[question.kind][0].format(question.name)
        answer = f"{cells[question.id + '-answer']}\n{blunder}"
        with pytest.raises(AssertionError) as caught:
            problem_set.run({f"{question.id}-answer": answer}, check=question.id)
        assert str(caught.value), question.id


def pooled(z):
    """The logsumexp of the last axis, by NumPy's own running sum."""
    return np.logaddexp.reduce(z, axis=-1, keepdims=True)


def by_factors(probs):
    """The product in the form m times a power of ten, brought into range after each factor."""
    m = np.ones(probs.shape[:-1])
    e = np.zeros(probs.shape[:-1])
    for factor in np.moveaxis(probs, -1, 0):
        m = m * factor
        while np.any(m < 1):
            e, m = np.where(m < 1, e - 1, e), np.where(m < 1, 10 * m, m)
    return m, e


def by_thirds(z, labels, v):
    """Where the mean loss is lowest along v, by ternary search: no slope is taken."""
    rows = np.arange(len(labels))
    own = v[rows, labels]
    for end, sign in {np.inf: 1, -np.inf: -1}.items():
        if np.all(sign * own[:, None] >= sign * v):
            return end
    low, high = -1e3, 1e3
    while high - low > 1e-9:
        a, b = low + (high - low) / 3, high - (high - low) / 3
        at_a, at_b = ((pooled(z + t * v)[:, 0] - (z + t * v)[rows, labels]).mean() for t in (a, b))
        low, high = (low, b) if at_a < at_b else (a, high)
    return low


def by_totals(left, right):
    """The state of two blocks, from the logarithms of their totals."""
    (m, s), (n, t) = left, right
    top = np.maximum(m, n)
    with np.errstate(all="ignore"):
        total = np.logaddexp(m + np.log(s), n + np.log(t))
        return top, np.where(top == -np.inf, 0, np.exp(total - top))


def one_by_one(state, part):
    """The state (m, s, t) after the logits of each row, read singly."""
    after = []
    for m, s, t, row in zip(*state, part, strict=True):
        for z in row[row > -np.inf]:
            top = max(m, z)
            if m > -np.inf:
                t = np.exp(m - top) * (t + (m - top) * s)
                s = np.exp(m - top) * s
            m, s, t = top, s + np.exp(z - top), t + np.exp(z - top) * (z - top)
        after.append((m, s, t))
    return tuple(np.array(after).T)


def drawn(logits, uniforms):
    """The last class whose uniform lies below its share of what was read."""
    shares = np.exp(logits - np.logaddexp.accumulate(logits, axis=1))
    shares[:, 0] = 2
    return [max(np.flatnonzero(u < r)) for u, r in zip(uniforms, shares, strict=True)]


def all_logits(x, weight, labels, columns):
    """Loss and gradient with all logits at once."""
    z = x @ weight.T
    g = np.exp(z - pooled(z)) - np.eye(len(weight))[labels]
    losses = pooled(z)[:, 0] - z[np.arange(len(x)), labels]
    return losses.mean(), g @ weight / len(x)


def covariance(p):
    """The curvature of the loss in the scores."""
    return p[..., None] * (np.eye(p.shape[-1]) - p[..., None, :])


def picture_by_picture(X, labels, n_classes, penalty, rate, steps):
    """Gradient descent, the gradient added up one picture after the other."""
    W = np.zeros((n_classes, X.shape[1]))
    for _ in range(steps):
        slope = penalty * W
        slope[:, -1] = 0
        for x, c in zip(X, labels, strict=True):
            z = W @ x
            slope += np.outer(np.exp(z - pooled(z)) - np.eye(n_classes)[c], x) / len(X)
        W = W - rate * slope
    return W


def with_one_matrix(X, labels, n_classes, strength):
    """The penalised minimum by steps with a bound of the curvature (chapter 8, exercise 6)."""
    X = np.column_stack([X, np.ones(len(X))])
    decay = np.append(np.full(X.shape[1] - 1, strength), 0)
    inverse = np.linalg.inv(X.T @ X / (2 * len(X)) + np.diag(decay))
    W = np.zeros((n_classes, X.shape[1]))
    for _ in range(1000):
        z = X @ W.T
        g = (np.exp(z - pooled(z)) - np.eye(n_classes)[labels]).T @ X / len(X) + decay * W
        W = W - g @ inverse
    return W[:, :-1], W[:, -1]


def by_odds(scores):
    """Probabilities from their logarithms, up to a constant of the row."""
    return np.exp(scores - pooled(scores))


OTHER_WAYS = {  # right answers that are computed differently from the solutions
    ("ps-calibration", "q2"): lambda belief, n: np.searchsorted(np.arange(1, n) / n, belief),
    ("ps-calibration", "q4"): lambda belief, right, bins: (
        sum(
            (len(d) * np.mean([a * b for a, b in itertools.permutations(d, 2)]))
            for k in set(bins)
            for d in [(belief - right)[bins == k]]
        )
        / len(bins)
    ),
    ("ps-calibration", "q7"): lambda held, labels, new, promised: [
        [np.sum(held[range(len(held)), labels] > v) < promised * (len(held) + 1) for v in row]
        for row in new
    ],
    ("ps-imbalance", "q3"): lambda p, a, b: by_odds(np.log(p) + np.log(b) - np.log(a)),
    ("ps-imbalance", "q5"): lambda p, k: by_odds(
        np.log(p) - np.log((1 - p) ** k * (1 - k * p * np.log(p) / (1 - p)))
    ),
    ("ps-imbalance", "q6"): lambda z, labels, noise: by_odds(z + np.log(noise.T[labels])),
    ("ps-language-models", "q3"): lambda values, counts: np.average(values, weights=counts),
    ("ps-language-models", "q6"): lambda m, s, own: np.log(
        np.sum(s * np.exp(m - own.max(axis=0)), axis=0)
    ),
    ("ps-surprisal", "q2"): lambda p, losses: np.median(p[p < 1] ** (-1 / losses[p < 1])),
    ("ps-surprisal", "q3"): by_factors,
    ("ps-surprisal", "q5"): lambda counts: np.dot(counts, ce.huffman_lengths(counts)),
    ("ps-the-pair", "q1"): lambda gaps: np.logaddexp(0, pooled(-gaps)[..., 0]),
    ("ps-the-pair", "q3"): lambda z, y, margin, scale: [
        pooled(scale * (r - r[c] + margin * (np.arange(len(r)) != c)))[0] / scale
        for r, c in zip(z, y, strict=True)
    ],
    ("ps-the-pair", "q4"): lambda z, truth: (
        np.logaddexp(0, np.where(truth == 1, -z, z)).sum() / len(z)
    ),
    ("ps-the-pair", "q6"): lambda loss: (
        np.log(2) - np.log1p(np.log(np.exp(-loss) / (1 - np.exp(-loss))))
    ),
    ("ps-the-pair", "q7"): by_thirds,
    ("ps-at-scale", "q3"): by_totals,
    ("ps-at-scale", "q4"): lambda z, block: pooled(z)[:, 0],
    ("ps-at-scale", "q5"): drawn,
    ("ps-at-scale", "q6"): one_by_one,
    ("ps-at-scale", "q7"): all_logits,
    ("ps-learning", "q1"): lambda z, v: np.einsum(
        "...i,...ij,...j", v, covariance(np.exp(z - pooled(z))), v
    ),
    ("ps-learning", "q3"): lambda p, y, scale: (
        scale * np.linalg.pinv(covariance(p)) @ (y - p)[..., None]
    )[..., 0],
    ("ps-learning", "q4"): lambda X, K: int(
        K * X.shape[1] - np.linalg.matrix_rank(np.kron(np.eye(K) - 1 / K, X))
    ),
    ("ps-learning", "q5"): picture_by_picture,
    ("ps-learning", "q6"): with_one_matrix,
    ("ps-cross-entropy", "q1"): lambda p, y: (
        sum(-np.log(r[c]) for r, c in zip(p, y, strict=True)) / len(y)
    ),
    ("ps-cross-entropy", "q6"): lambda t, p: (
        np.mean([-sum(a * np.log(a) for a in row if a > 0) for row in t]),
        np.mean((t * np.log(np.where(t > 0, t, 1) / p)).sum(axis=1)),
    ),
    ("ps-softmax", "q1"): lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
    ("ps-softmax", "q2"): lambda p, i, j: np.log(p[..., i]) - np.log(p[..., j]),
    ("ps-softmax", "q6"): lambda z, c: np.append(np.delete(z, c, -1), pooled(z[..., c]), axis=-1),
    ("ps-stability", "q1"): lambda z: np.exp(z - pooled(z)),
    ("ps-stability", "q3"): lambda z: np.logaddexp.reduce(z, axis=0) - np.log(len(z)),
    ("ps-stability", "q4"): lambda z: z - pooled(z),
    ("ps-stability", "q6"): lambda z, y: np.mean(
        [np.logaddexp(0, pooled(np.delete(r, c))[0] - r[c]) for r, c in zip(z, y, strict=True)]
    ),
    ("ps-stability", "q8"): lambda z, y: [
        -np.logaddexp(0, r[c] - pooled(np.delete(r, c))[0]) for r, c in zip(z, y, strict=True)
    ],
    ("ps-gradients", "q1"): lambda z, y: [
        (np.exp(r - pooled(r)) - (np.arange(len(r)) == c)) / len(y)
        for r, c in zip(z, y, strict=True)
    ],
    ("ps-gradients", "q4"): lambda p, v, t: (
        v[..., None, :] @ (p[..., None] * (np.eye(p.shape[-1]) - p[..., None, :])) / t
    )[..., 0, :],
}


@pytest.mark.parametrize(("name", "question"), OTHER_WAYS)
def test_another_right_way_earns_the_points(name, question):
    """The tolerances leave room for every sound method."""
    asked = next(q for q in loaded(name).questions if q.id == question)
    given = {asked.name: OTHER_WAYS[name, question]}
    assert all(asked.earned(given, seed) for seed in range(10))


@pytest.mark.parametrize("name", SETS)
def test_links_lead_to_a_place_in_the_book(site, name):
    """A student follows them from wherever the notebook lies, so they are whole addresses."""
    book = sets.standing([])["book"]
    text = "\n".join(c.source for c in loaded(name).student().cells)
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert links
    for link in links:
        assert link.startswith(book), link
        page, _, anchor = link.removeprefix(book + "/").partition("#")
        html = (site / "chapters" / page).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in html, link


def lines(cells):
    """The lines of cells that say something of their own."""
    return {line.strip() for c in cells for line in c.source.splitlines() if len(line) > 24}


@pytest.mark.parametrize("name", SETS)
def test_a_release_holds_no_solution_and_no_hidden_input(course, name):
    """Searched for in the notebook's whole text, and cell by cell, metadata included."""
    problem_set = sets.issued(name, course)
    path = course / "release" / name / f"{name}.ipynb"
    released = nbformat.read(path, as_version=4)
    text = path.read_text(encoding="utf-8")
    shown = lines(released.cells)
    for cell in problem_set.cells:
        if match := re.search(r"### BEGIN SOLUTION\n(.*?)\s*(?:#\s*)?### END", cell.source, re.S):
            assert json.dumps(match[1])[1:-1] not in text, cell.id
    secret = [c for c in problem_set.cells if sets.role(c) in ("grading", "rubric", "variants")]
    assert secret
    assert not lines(secret) & shown
    for word in ("MARK SCHEME", "SOLUTION", "HIDDEN", "Rubric", "def inputs", "says =", "{{"):
        assert word not in text, word
    assert set(released.metadata) == {"kernelspec", "language_info"}
    for cell in released.cells:
        assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}
        assert not cell.get("outputs")
        assert not cell.get("attachments")
    assert [c.source for c in released.cells] == [c.source for c in problem_set.student().cells]
    assert [c.id for c in released.cells] == [c.id for c in problem_set.student().cells]


@pytest.mark.parametrize("name", SETS)
def test_a_notebook_of_another_set_or_variant_is_told_from_a_students_changes(name):
    """All sets name their cells alike, and a student may change given cells, too."""
    released = {variant: loaded(name, variant).student() for variant in VARIANTS}
    others = sets.templates(name, loaded(name).text)

    def said(notebook, variant):
        cells = intake.read_cells(nbformat.writes(notebook).encode())
        return intake.strange(cells, released[variant], others)

    for variant, notebook in released.items():
        for other in VARIANTS:
            assert ("another variant" in said(notebook, other)) is (variant != other)
    foreign = loaded(SETS[SETS.index(name) - 1]).student()
    assert "another set" in said(foreign, None)
    changed = copy.deepcopy(released[1])
    for number, cell in enumerate(c for c in changed.cells if not c.metadata.nbgrader.solution):
        if number % 3 == 1:  # numbers of one's own
            cell.source = re.sub(r"\d+\.?\d*", "17", cell.source)
        if number % 3 == 2:
            cell.source = f"print('mine')\n{cell.source}"
    assert said(changed, 1) == ""


def solutions(name, cells, drawn):
    """The solution in each cell for an answer, in one edition."""
    values = sets.chosen(sets.choices_of(name, cells), drawn) | sets.standing(cells)
    found = {}
    for cell in cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            text = cell.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
            found[cell.id] = sets.fill(text, values, name)
    return found


@pytest.mark.parametrize("name", SETS)
def test_no_two_variants_share_more_than_a_third_of_their_solutions(name):
    """Nor does one share more with the book's edition, whose solutions are public."""
    cells = sets.cells_of(name, loaded(name).text)
    editions = sets.editions(name, cells)
    assert len(editions) > 10
    assert set(editions[0].values()) == {0}
    written = [solutions(name, cells, drawn) for drawn in editions]
    for one, other in itertools.combinations(written, 2):
        assert sum(one[key] == other[key] for key in one) <= len(one) / 3
    choices = sets.choices_of(name, cells)
    for key, options in choices.items():  # no choice is there in vain
        assert len({drawn[key] for drawn in editions}) > len(options) / 2, key


@pytest.mark.parametrize("name", SETS)
def test_answers_to_one_variant_earn_at_most_a_third_in_another(name):
    """All of them did, each in each, when they were written; two of them do it here."""
    editions = {variant: loaded(name, variant) for variant in (None, 7)}
    for one, other in itertools.permutations(editions.values(), 2):
        asked = [q for q in other.questions if q.kind != "text"]
        exam, answers = verdict.Exam(other, 3), {q.id: q.reference for q in one.questions}
        earned = sum(points(exam, question, answers[question.id]) for question in asked)
        assert earned <= sum(question.points for question in asked) / 3


def copied_answer(question, function, call):
    """What comes out of the jail for another variant's answer."""
    try:
        return {"value": exchange.encode(exchange.plain(question.answer(call, function)))}
    except Exception as error:
        return {"error": [type(error).__name__, str(error)]}


@pytest.mark.parametrize("name", SETS)
def test_the_release_runs_with_numpy_and_matplotlib_only(course, name):
    """In plain Jupyter: every cell that is given runs; with the solutions, every check passes."""
    if not STUDENT.exists():
        message = "the environment of a student is not there: make .venv-student/installed"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    for folder in ("release", "source"):
        notebook = nbformat.read(course / folder / name / f"{name}.ipynb", as_version=4)
        *cells, foreign = in_a_kernel(notebook).cells
        assert errors(foreign) == {"ModuleNotFoundError"}
        for cell in (c for c in cells if c.cell_type == "code"):
            if folder == "release":
                assert errors(cell) <= {"NotImplementedError", "NameError"}, cell.id
            else:
                assert not errors(cell), cell.id
                printed = "".join(o.get("text", "") for o in cell.outputs)
                passed = printed.endswith(("depend on others, too\n", "on whether it is right\n"))
                assert passed or not cell.metadata.nbgrader.grade, cell.id


def errors(cell):
    """The names of the errors that a cell raised."""
    return {output.ename for output in cell.outputs if output.output_type == "error"}


def in_a_kernel(notebook):
    """The notebook, run by Jupyter in a student's environment; its last cell wants `ce_lib`."""
    notebook.cells.append(nbformat.v4.new_code_cell("import ce_lib", id="wants-ce-lib"))
    client = NotebookClient(notebook, allow_errors=True, timeout=120)
    client.create_kernel_manager()
    command = [str(STUDENT), "-I", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    client.km.kernel_spec.argv = command
    return client.execute()


def test_a_set_is_graded_as_it_was_issued(tmp_path, monkeypatch):
    """Its source may change afterwards; and another edition is not released over work done."""
    mine = tmp_path / "mine"
    mine.mkdir()
    text = sets.find("ps-softmax").read_text(encoding="utf-8")
    own = mine / "ps-own.py"
    own.write_text(text, encoding="utf-8")
    path = release.release("ps-own", 5, mine)
    assert path == mine / "release" / "ps-own" / "ps-own.ipynb"
    own.write_text(text.replace("from scores to probabilities", "changed"), encoding="utf-8")
    assert sets.issued("ps-own", mine).title == "Problem set: from scores to probabilities"
    fifth = sets.load("ps-softmax", 5)
    assert sets.issued("ps-own", mine).values == fifth.values
    with monkeypatch.context() as patched:  # another version of this program or NumPy may draw so
        patched.setattr(sets, "draw", lambda name, cells, variant: dict.fromkeys(fifth.drawn, 0))
        assert sets.issued("ps-own", mine).values == fifth.values
    (mine / "submitted" / "ada" / "ps-own").mkdir(parents=True)
    with pytest.raises(sets.SetError, match="1 students have handed in work"):
        release.release("ps-own", 5, mine)
    own.write_text(text, encoding="utf-8")
    seed = mine / "issued" / "ps-own.seed"
    drawn = seed.read_text()
    assert release.release("ps-own", 5, mine).exists()
    assert seed.read_text() == drawn
    (mine / "submitted").rename(mine / "submitted-before")
    release.release("ps-own", 6, mine)
    assert seed.read_text() != drawn, "the pages have shown these hidden inputs"
    with pytest.raises(sets.SetError, match="was not released from"):
        sets.issued("ps-softmax", mine)


def test_the_command_says_where_the_notebook_is(tmp_path):
    root = tmp_path / "courses" / "mine"  # which is made
    command = [sys.executable, "-m", "grading.release", "ps-softmax", "--root", str(root)]
    done = subprocess.run(
        [*command, "--variant", "2"], cwd=prose.ROOT, capture_output=True, text=True, check=True
    )
    path = Path(re.search(r"hand out\s+(\S+)", done.stdout)[1])
    assert path.exists()
    assert path.is_relative_to(tmp_path)
    command[3] = "ps-nothing"
    done = subprocess.run(command, cwd=prose.ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no ps-nothing.py in" in done.stderr
    assert "Traceback" not in done.stderr


SMALL = """# %% tags=["variants"]
variants = {"base": [{"base": "e", "log": "np.log"}, {"base": "2", "log": "np.log2"}]}

# %% [markdown]
# # A small set
#
# {{rules}}

# %%
import numpy as np

# %% [markdown]
# Write `surprise(p)`, to base {{base}}.

# %% nbgrader={"grade_id": "q1-answer", "solution": true}
def surprise(p):
    ### BEGIN SOLUTION
    return -{{log}}(p)
    ### END SOLUTION

# %% nbgrader={"grade_id": "q1", "grade": true, "points": 2}
assert np.all(surprise(np.array([0.5])) > 0), "a surprisal is positive; which sign has a logarithm?"

# %% tags=["grading"] question="q1"
name = "surprise"

def inputs(rng):
    return [(rng.random(3),), (rng.random((2, 2)),)]

# %% tags=["mistake"] question="q1"
says = "which sign has a logarithm?"
def surprise(p):
    return {{log}}(p)

# %% [markdown]
# Why?

# %% [markdown] nbgrader={"grade_id": "q2", "grade": true, "solution": true, "points": 3}
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %% [markdown] tags=["rubric"] question="q2"
# - 3: because.
"""


TINY = """# %% nbgrader={"grade_id": "q3-answer", "solution": true}
### BEGIN SOLUTION
tiny = 1e-10
### END SOLUTION

# %% nbgrader={"grade_id": "q3", "grade": true, "points": 1}
assert tiny >= 0, "it is not negative"

# %% tags=["grading"] question="q3"
name = "tiny"

# %% [markdown]
# Why?"""


def test_the_small_set_is_sound():
    """So that what breaks it below is the break."""
    assert sets.read("ps-small", SMALL).faults() == []
    assert sets.read("ps-small", SMALL, 1).values == {"base": "2", "log": "np.log2"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{{base}}.", "{{bass}}.", r"cell 3: {{bass}} cannot be filled in.*it may use base, book"),
        (', "points": 2', "", "cell 5: question q1 needs points, a whole number"),
        ('"points": 2', '"points": 0', "question q1 needs points"),
        ('"grade_id": "q2"', '"grade_id": "q1"', "the grade_id q1 is used twice"),
        ('"grade_id": "q1", ', "", "cell 5: its nbgrader metadata has no grade_id"),
        ('"solution": true}', '"solution": 0}', "says neither grade nor solution"),
        ("    ### END SOLUTION", "", "one '### BEGIN SOLUTION' and one '### END SOLUTION'"),
        ('["grading"]', '["gradng"]', "cell 6: unknown in its header: gradng"),
        ('tags=["grading"] question="q1"', 'tags=["grading"] question="q3"', "no question 'q3'"),
        ('name = "surprise"', 'name = "surprize"', "what the solution defines, got 'surprize'"),
        ("def inputs", "def input", "question q1 needs `inputs"),
        (", (rng.random((2, 2)),)", "", "should have more than one shape"),
        ("(rng.random(3),), (rng.random((2, 2)),)", "(np.ones(3),), (np.ones(2),)", "from rng"),
        ("import numpy as np", "import scipy", "cell 2 imports scipy; students have NumPy"),
        ("import numpy as np", "from . import it", "cell 2 imports a file beside it; students"),
        ("import numpy as np", "import numpy as np\nsurprise = 1", "cell 2: it assigns surprise"),
        ("return -{{log}}(p)", "return -{{log}}(p", "cell 4: not Python"),
        ("import numpy as np", "1 / 0", r"its own solutions do not run: ZeroDivisionError"),
        ("# # A small set", "# A small set", "should have the title"),
        ('["rubric"] question="q2"', '["rubric"] question="q1"', "q2 needs one rubric cell"),
        ('says = "which sign has a logarithm?"', "", "a mistake gives `says`"),
        ('{"base": "2", "log": "np.log2"}', "", r"variants\['base'\] should be a list of two"),
        ('"log": "np.log2"}]', '"log": "np.log2"}], "log": [1, 2]', "sets log a second time"),
        ("q1-answer", "q9-answer", "question q1 needs a solution cell q1-answer"),
        ("def inputs", "def input", "ps-small.py, line 24, cell 6: question q1 needs"),
        ("(rng.random(3),), ", "rng.random(3), ", "`inputs.*should return a list of tuples"),
        ("(rng.random(3),), ", "(np.array(rng.random()),), ", "an array without axes"),
        ("(rng.random(3),), ", "(lambda p: p,), ", "an input of q1 is an object of type function"),
        ("return [(rng", "return 1 / 0, [(rng", "line 24, cell 6: `inputs.*ZeroDivisionError"),
        ("def inputs(rng)", "def inputs(rng", "line 24, cell 6: it does not run: SyntaxError"),
        ('says = "', "says = 7 #", "line 30, cell 7: `says` should be a text, got 7"),
        ("says =", "hint = 7; says =", "`hint` should be a text, got 7"),
        ("says =", "hidden = 'no'; says =", "`hidden` should be True or False, got 'no'"),
        ('name = "surprise"', 'name = ["surprise"]', "`name` should be what the solution"),
        ("name =", "rtol = '1e-3'; name =", "`rtol` should be a number from 0 on, got '1e-3'"),
        ("name =", "atol = -1; name =", "`atol` should be a number from 0 on, got -1"),
        ("name =", "show = 'no'; name =", "`show` should be True or False, got 'no'"),
        ("name =", "explain = lambda got, want: ''; name =", "`explain` should be a function of"),
    ],
)
def test_a_bad_source_gets_a_clear_error(old, new, message):
    """The error says where, what was found and what was wanted."""
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    with pytest.raises(sets.SetError, match=message):
        sets.read("ps-small", text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return {{log}}(p)", "return -{{log}}(p)", "q1, mistake 1: it passes for right"),
        ("return {{log}}(p)", "return -2 * {{log}}(p)", "the public check lets it pass"),
        ('says = "which', 'says = "Which', "the public check should say 'Which sign"),
        ("> 0)", "> 9)", "q1: its own solution fails the check: a surprisal is positive"),
        ("name =", "explain = lambda args, got, want: 7; name =",
         "q1, mistake 1: `explain` should return a text or None for it, got 7"),
        ("name =", "explain = lambda args, got, want: got['key']; name =",
         "q1, mistake 1: `explain` fails for it: IndexError"),
        ("# %% [markdown]\n# Why?", TINY,
         "q3: atol is 1e-09; for an answer of 1e-10 it should be below 5e-17"),
        ("    ### BEGIN SOLUTION\n    return -{{log}}(p)\n",
         "    return -{{log}}(p)\n    ### BEGIN SOLUTION\n    ...\n",
         "q1: the student edition holds the solution already"),
        ("assert np", "p = np.array([1.0, 0.5])\nwant = -{{log}}(p)\n"
         "assert np.allclose(surprise(p), want), 'which sign has a logarithm?'\nassert np",
         "q1: its check holds the solution: return "),
    ],
)  # fmt: skip
def test_a_fault_in_a_set_is_found_when_it_is_tried_out(old, new, message):
    assert old in SMALL
    faults = sets.read("ps-small", SMALL.replace(old, new, 1)).faults()
    assert any(message in fault for fault in faults), faults


VALUES = SMALL.replace(
    "assert np",
    """p = np.array([1.0, 0.5, 0.2])
### BEGIN VALUES
steps = [(2, 0.5), [True, np.float64(np.inf)]]
log = {{log}}
want = -log(np.vstack([p, p / 3]))[0] + (0 * surprise(p))
unused = {"a": print}
### END VALUES
print(steps)
assert np.allclose(surprise(p), want), "which sign has a logarithm?"
assert np""",
)


def test_what_a_check_compares_with_is_handed_out_as_values():
    check = next(c.source for c in sets.read("ps-small", VALUES, 1).student().cells if c.id == "q1")
    assert "p = np.array([1.0, 0.5, 0.2])\nsteps = [(2, 0.5), [True, np.inf]]\n" in check
    assert re.search(r"\nwant = np\.array\(\[-?0\.0, 1\.0, 2\.321928095\]\)\nprint", check)
    assert not re.search("log = |unused|VALUES|log2", check)
    assert sets.read("ps-small", VALUES).faults() == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("### END VALUES", "", "cell 5: values are computed between one line '### BEGIN VALUES'"),
        ("log = {{log}}", "log = 1 / 0", "cell 5: its values cannot be computed: ZeroDivisionErr"),
        ("print(steps)", "print(steps, log)", "cell 5: among its values is ufunc; numbers, arr"),
    ],
)
def test_values_that_cannot_be_written_are_refused(old, new, message):
    with pytest.raises(sets.SetError, match=message):
        sets.read("ps-small", VALUES.replace(old, new, 1))


@pytest.mark.filterwarnings("ignore:Object of type <Submitted")  # nbgrader's own
def test_a_set_whose_questions_have_changed_leaves_the_class_what_it_was_given(tmp_path):
    """nbgrader does not release it over work that is in the gradebook, and deletes the old one."""
    own = tmp_path / "ps-small.py"
    own.write_text(SMALL, encoding="utf-8")
    path = release.release("ps-small", root=tmp_path)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_student("ada")
        book.add_submission("ps-small", "ada")
    before = {file: file.read_bytes() for file in tmp_path.rglob("ps-small/*") if file.is_file()}
    assert path in before
    assert len(before) == 2
    more = SMALL.replace("# %% [markdown]\n# Why?", TINY.replace("1e-10", "0.5"))
    own.write_text(more, encoding="utf-8")
    with pytest.raises(sets.SetError, match="its questions are no longer the same; release this"):
        release.release("ps-small", root=tmp_path)
    after = {file: file.read_bytes() for file in tmp_path.rglob("ps-small/*") if file.is_file()}
    assert after == before


def test_a_set_with_a_fault_is_not_released(tmp_path):
    (tmp_path / "ps-small.py").write_text(SMALL.replace("> 0)", "> 9)"), encoding="utf-8")
    with pytest.raises(sets.SetError, match="ps-small was not released:\nq1: its own solution"):
        release.release("ps-small", root=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ps-small.py"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return -{{log}}(p)", "return np.array([-{{log}}(x) for x in p] + 0 * [float(p[0])])",
         r"the solution of q1 fails on hidden inputs of shapes .*\(2, 2\).*TypeError: only"),
        ("return -{{log}}(p)", "return -{{log}}(p) if p.ndim < 2 else print", "cannot be comp"),
        pytest.param(
            "return -{{log}}(p)", "while p.ndim == 2: pass\n    return -{{log}}(p)", "longer than",
            marks=pytest.mark.machine,  # Windows has no such alarm
        ),
    ],
)  # fmt: skip
def test_a_solution_that_fails_on_the_hidden_inputs_is_not_released(
    tmp_path, monkeypatch, old, new, message
):
    """Else the class could not be graded. It is tried on the inputs that the class will get."""
    whole = sets.within
    monkeypatch.setattr(verdict, "within", lambda seconds, what: whole(1, what))
    monkeypatch.setattr(sets.ProblemSet, "faults", lambda self: [])
    (tmp_path / "ps-small.py").write_text(SMALL.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(sets.SetError, match=message):
        release.release("ps-small", root=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ps-small.py"]


SOMETIMES = SMALL.replace("(rng.random(3),)", "(rng.choice([1.0, 0.5], size=3),)").replace(
    "(rng.random((2, 2)),)", "(np.ones((2, 2)),)"
)  # the logarithm of 1 has no sign, so that the mistake is right on some inputs
MISTAKEN = "q1: Which sign has a logarithm?"


@pytest.fixture(scope="module")
def seeds():
    """{whether the known mistake passes: seeds on which it does}, of the set above."""
    passing: dict[bool, list[int]] = {True: [], False: []}
    problem_set = sets.read("ps-small", SOMETIMES)
    for seed in range(100):
        exam = verdict.Exam(problem_set, seed)
        passing[exam.passing() == [MISTAKEN]].append(seed)
    return passing


def test_a_seed_on_which_a_known_mistake_passes_is_drawn_again(tmp_path, monkeypatch, seeds):
    """It is told from a right answer on what the class is graded on, not only on other inputs."""
    (tmp_path / "ps-small.py").write_text(SOMETIMES, encoding="utf-8")
    found = iter([*seeds[True][:3], *seeds[False]])
    monkeypatch.setattr(release.secrets, "randbits", lambda bits: next(found))
    release.release("ps-small", root=tmp_path)
    kept = int((tmp_path / "issued" / "ps-small.seed").read_text(), 16)
    assert kept == seeds[False][0]


def test_a_seed_that_a_class_has_is_kept_and_a_mistake_that_passes_on_it_is_named(
    tmp_path, capsys, seeds
):
    (tmp_path / "ps-small.py").write_text(SOMETIMES, encoding="utf-8")
    (tmp_path / "issued").mkdir()
    kept = tmp_path / "issued" / "ps-small.seed"
    for passes in (True, False):
        kept.write_text(f"{seeds[passes][0]:x}\n", encoding="utf-8")
        assert release.release("ps-small", root=tmp_path).exists()
        assert int(kept.read_text(), 16) == seeds[passes][0]
        said = capsys.readouterr().out
        assert ("a known mistake earns all points:\n" + MISTAKEN in said) is passes
        assert (f"delete {kept}" in said) is passes


def test_a_set_whose_mistake_passes_each_time_is_not_released(tmp_path, monkeypatch, seeds):
    (tmp_path / "ps-small.py").write_text(SOMETIMES, encoding="utf-8")
    drawn = []
    monkeypatch.setattr(release.secrets, "randbits", lambda bits: drawn.append(1) or seeds[True][0])
    with pytest.raises(sets.SetError, match=rf"a known mistake would.*\n{re.escape(MISTAKEN)}$"):
        release.release("ps-small", root=tmp_path)
    assert len(drawn) == release.TRIES
    assert [path.name for path in tmp_path.iterdir()] == ["ps-small.py"]


def test_a_mistake_that_fails_on_the_inputs_does_not_pass():
    exam = verdict.Exam(
        sets.read("ps-small", SMALL.replace("return {{log}}(p)", "return 1 / 0")), 0
    )
    assert exam.passing() == []


def test_a_solution_that_differs_each_time_is_not_released(tmp_path):
    text = SMALL.replace("return -{{log}}(p)", "return -{{log}}(p) + np.random.random()")
    (tmp_path / "ps-small.py").write_text(text, encoding="utf-8")
    with pytest.raises(sets.SetError, match="q1: asked again, its solution earns no points: 4 of"):
        release.release("ps-small", root=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["ps-small.py"]


def test_whole_numbers_of_any_size_are_compared():
    assert compare.difference(2**70, 2**70) is None
    assert compare.difference(2.0**70, 2**70) is None
    assert compare.difference([2**70, 1.5], np.array([2.0**70, 1.5])) is None
    assert compare.difference(2**70, [2**70, 3]) is not None
    assert "right to about 5 digits" in compare.difference(2**70 + 2**53, 2**70)
    assert compare.difference(10**400, 2**70) == "it is not one of the numbers"


@pytest.mark.parametrize("variant", [-3, 0, 2**62, -(2**62)])
def test_any_whole_number_is_a_variant(variant):
    assert sets.read("ps-small", SMALL, variant).values == {"base": "2", "log": "np.log2"}


def test_a_number_too_large_for_a_variant_is_named():
    with pytest.raises(sets.SetError, match="a whole number below"):
        sets.read("ps-small", SMALL, 2**63)


def test_braces_can_be_written():
    text = SMALL.replace("Why?", "Why is $\\frac{{open}}a{{close}}b$?")
    assert "Why is $\\frac{{a}}b$?" in sets.read("ps-small", text).student().cells[-2].source


def test_a_set_without_variants_has_none():
    text = SMALL[SMALL.index("# %% [markdown]") :].replace("{{log}}", "np.log")
    with pytest.raises(sets.SetError, match="ps-small has no variants"):
        sets.read("ps-small", text.replace("{{base}}", "e"), 1)


@pytest.mark.parametrize(
    ("got", "want", "right"),
    [
        (0.5, 0.5 + 1e-12, True),
        (0.5, 0.6, False),
        (np.float32(0.5), 0.5, True),
        ([1.0, 2.0], np.array([1.0, 2.0]), True),
        (np.ones((2, 1)), np.ones(2), False),
        (np.ones(2), 1.0, False),
        (np.nan, np.nan, True),
        (np.inf, np.inf, True),
        (-np.inf, np.inf, False),
        (2, 2, True),
        (1.5, 2, False),
        ("right", "right", True),
        (1, "right", False),
        (None, 0.5, False),
        ("0.5", 0.5, False),
        ((1.0, np.ones(2)), (1.0, np.ones(2)), True),
        ((1.0,), (1.0, 1.0), False),
        ([[1, 2], [3]], np.ones((2, 2)), False),
        (1 + 1e-3j, 1.0, False),
        (np.array([0, 2]), np.array([0, 2]), True),
        (np.array([0.0, 1.4]), np.array([0, 1]), False),
    ],
)
def test_answers_are_compared_by_value_and_shape(got, want, right):
    question = sets.Question("q", 1, "value", reference=want)
    assert question.accepts(got, want) is right


def _numbers(value, kind):
    """A value with its numbers, but for whole ones, of this kind."""
    if isinstance(value, (list, tuple)):
        return type(value)(_numbers(one, kind) for one in value)
    if getattr(value, "dtype", np.dtype(type(value) if type(value) is float else "O")).kind == "f":
        return np.asarray(value).astype(kind)[()]
    return value


HOLDS = 4  # digits of a sum of a thousand that single precision has for certain


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", SETS)
def test_single_precision_is_enough_where_no_more_digits_are_asked_for(name, variant):
    """On inputs in it; and whether the result is returned in it or as the double that it became."""
    problem_set = loaded(name, variant)
    exams = [verdict.Exam(problem_set, seed) for seed in range(3)]
    for question, digits in asked_with_digits(problem_set):
        if question.kind != "function" or (digits or 0) > HOLDS:
            continue
        for exam in exams:
            for args, want in zip(exam.calls[question.id], exam.wanted[question.id], strict=True):
                for given, kind in itertools.product((np.float32, np.float64), repeat=2):
                    got = exchange.plain(question.answer(_numbers(args, given)))
                    said = question.difference(_numbers(got, kind), want)
                    assert said is None, (question.id, said)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", SETS)
def test_a_question_that_wants_more_than_single_precision_says_so(name, variant):
    """It names the digits itself: who reads the question has read what it asks for."""
    for question, digits in asked_with_digits(loaded(name, variant)):
        assert digits or question.kind == "value" or question.single, question.id


def points(exam, question, function):
    """What a function earns for a question."""
    answers = [copied_answer(question, function, call) for call in exam.calls[question.id]]
    unexplained = dataclasses.replace(question, mistakes=(), explanation=None)
    return exam._judge(unexplained, answers).points


def covering(name):
    """Some editions of a set in which every choice occurs, the book's first."""
    text, seen = loaded(name).text, set()
    for number, drawn in enumerate(sets.editions(name, sets.cells_of(name, text))):
        if not drawn.items() <= seen:
            seen |= drawn.items()
            yield sets.read(name, text, number or None, drawn)


@pytest.mark.parametrize("name", SETS)
def test_a_known_mistake_earns_the_same_third_at_most_whatever_is_drawn(name):
    """What shows it is drawn each time, and in each group of inputs where it can be shown."""
    for number, problem_set in enumerate(covering(name)):
        exams = [verdict.Exam(problem_set, seed) for seed in (2 * number, 2 * number + 1)]
        for question in (q for q in exams[0].questions if q.kind == "function"):
            for mistake in question.mistakes:
                earned = {points(exam, question, mistake.wrong) for exam in exams}
                where = problem_set.variant, question.id, mistake.says, earned
                assert len(earned) == 1, where
                assert max(earned) <= question.points / 3, where


def by_weights(z, tiny=0.0):
    """The logarithm of a softmax of shifted logits, with or without an eps."""
    p = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.log(p / p.sum(axis=-1, keepdims=True) + tiny)


def in_one_sum(state, part):
    """The entropy's state from exponentials as they are."""
    m, s, t = state
    new = np.maximum(m, part.max(axis=1))
    u = np.exp(m) * (t + m * s) + (np.exp(part) * part).sum(axis=1)
    total = np.exp(m) * s + np.exp(part).sum(axis=1)
    return new, total / np.exp(new), u / np.exp(new) - new * total / np.exp(new)


def unshifted(x, weight, labels, columns):
    """Loss and gradient from exponentials of the logits as they are."""
    p = np.exp(x @ weight.T)
    p = p / p.sum(axis=1, keepdims=True)
    own = p[np.arange(len(x)), labels]
    return -np.log(own).mean(), (p - np.eye(len(weight))[labels]) @ weight / len(x)


NAIVE = {  # beside the sets' own mistakes: right, if nothing overflowed, underflowed or became nan
    ("ps-surprisal", "q3"): [
        lambda probs: (lambda e: (probs.prod(axis=-1) / 10.0**e, e))(
            np.floor(np.log10(probs.prod(axis=-1) + 1e-300))
        ),
    ],
    ("ps-cross-entropy", "q2"): [
        lambda t, p: -(t * np.log(np.maximum(p, 1e-300))).sum(axis=-1),
        lambda t, p: np.nan_to_num(-(t * np.log(p)).sum(axis=-1)),
        lambda t, p: -np.nan_to_num(t * np.log(p)).sum(axis=-1),
    ],
    ("ps-cross-entropy", "q6"): [
        lambda t, p: (lambda h: (h, -(t * np.log(p)).sum(axis=1).mean() - h))(
            np.nan_to_num(-(t * np.log(t)).sum(axis=1)).mean()
        ),
    ],
    ("ps-stability", "q1"): [
        lambda z: np.nan_to_num(np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)),
        lambda z: np.exp(np.minimum(z, 700)) / np.exp(np.minimum(z, 700)).sum(-1, keepdims=True),
    ],
    ("ps-stability", "q3"): [
        lambda z: np.log(np.exp(z).mean(axis=0) + 1e-300),
        lambda z: np.nan_to_num(np.log(np.exp(z).mean(axis=0))),
        lambda z: np.log(np.exp(z - z.max()).mean(axis=0)) + z.max(),
    ],
    ("ps-stability", "q4"): [
        by_weights,
        lambda z: by_weights(z, 1e-12),
        lambda z: z - np.log(np.exp(z).sum(axis=-1, keepdims=True)),
        lambda z: z - z.max() - np.log(np.exp(z - z.max()).sum(axis=-1, keepdims=True)),
    ],
    ("ps-stability", "q6"): [
        lambda z, y: -by_weights(z)[np.arange(len(y)), y].mean(),
        lambda z, y: -by_weights(z, 1e-12)[np.arange(len(y)), y].mean(),
    ],
    ("ps-stability", "q7"): [
        lambda z, y, a: np.nanmean(-by_weights(np.where(a, z, -np.inf))[np.arange(len(y)), y]),
    ],
    ("ps-stability", "q8"): [
        lambda z, y: np.log(-np.expm1(by_weights(z)[np.arange(len(y)), y])),
    ],
    ("ps-at-scale", "q3"): [
        lambda left, right: (
            np.maximum(left[0], right[0]),
            (left[1] * np.exp(left[0]) + right[1] * np.exp(right[0]))
            / np.exp(np.maximum(left[0], right[0])),
        ),
    ],
    ("ps-at-scale", "q6"): [in_one_sum],
    ("ps-at-scale", "q7"): [unshifted],
    ("ps-language-models", "q6"): [
        lambda m, s, own: -np.log(np.exp(own).sum(axis=0) / (s * np.exp(m)).sum(axis=0)),
    ],
}


@pytest.mark.parametrize(("name", "question"), NAIVE)
def test_a_naive_form_earns_a_third_at_most(name, question):
    """Where an accident of floating point is the subject, it happens in each group of inputs."""
    for seed in range(5):
        exam = verdict.Exam(loaded(name), seed)
        asked = next(q for q in exam.questions if q.id == question)
        for number, function in enumerate(NAIVE[name, question]):
            assert points(exam, asked, function) <= asked.points / 3, (number, seed)


@pytest.mark.parametrize("name", SETS)
def test_a_constant_earns_nothing(name):
    """Whatever is drawn: also where all of one kind of input could have the same answer."""
    for seed in range(8):
        exam = verdict.Exam(loaded(name), seed)
        for question in exam.questions:
            if question.kind == "function":
                for constant in (np.inf, -np.inf, np.nan, 0, 1.0):
                    earned = points(exam, question, lambda *args, constant=constant: constant)
                    assert earned == 0, (question.id, constant, seed)


@pytest.mark.parametrize("name", SETS)
def test_the_answers_of_another_class_earn_a_third_at_most(name):
    """Who knows the order and the shapes of the inputs, which are public, knows no answer."""
    other = verdict.Exam(loaded(name), 0)
    for seed in range(1, 5):
        exam = verdict.Exam(loaded(name), seed)
        for question in (q for q in exam.questions if q.kind == "function"):
            said = iter(other.wanted[question.id])
            earned = points(exam, question, lambda *args, said=said: next(said))
            assert earned <= question.points / 3, (question.id, seed, earned)


def test_a_number_that_was_asked_for_has_seven_digits():
    question = sets.Question("q", 1, "value", reference=1 / 3)
    assert question.accepts(np.float32(1.000003 / 3), 1 / 3)
    assert question.accepts([np.float32(1.000003 / 3)], [1 / 3])
    assert not question.accepts(1.000003 / 3, 1 / 3)
    assert not sets.Question("q", 1, "function").accepts(100_001, 100_000)


def test_feedback_names_the_mistake_that_gives_an_answer():
    """On inputs that the student has not seen, and nothing is said of what nobody knows."""
    question = sets.read("ps-small", SMALL).questions[0]
    (args, *_) = question.draw(np.random.default_rng(0))
    want = question.answer(args)
    assert question.explain(args, -want, want) == "Which sign has a logarithm?"
    assert question.explain(args, 3 * want, want) is None


def test_an_answer_that_is_too_large_to_be_explained_costs_only_its_explanation():
    """NumPy makes of arrays of unlike shapes one as large as their product."""
    explains = "    return 'twice' if np.allclose(got, 2 * want) else None"
    text = SMALL.replace("name =", f"def explain(args, got, want):\n{explains}\n\nname =", 1)
    (question, _) = sets.read("ps-small", text).questions
    want = np.ones(100)
    assert question.explain((want,), 2 * want, want) == "twice"
    assert question.explain((want,), np.zeros((4_000_000, 1, 1), np.int8), want) is None
    assert question.explain((want,), np.zeros((2, 3)), want) is None  # it raises an error

"""Answers made of nothing but a public check's lines: if one is right, the check is a solution."""

import ast
import textwrap
from collections.abc import Iterator

# What makes a line for the example right for other shapes as well.
FOR_ALL_SHAPES = {
    "np.eye(3)": "np.eye(z.shape[-1])",
    "axis=1": "axis=-1",
    "np.arange(3)": "np.arange(len(z))",
    "np.zeros((3, 3))": "np.zeros(z.shape)",
    "np.ndindex(3, 3)": "np.ndindex(z.shape)",
}
COMPARISONS = ("close", "equal")  # how the names of NumPy's end


def functions(name: str, stub: str, check: str) -> Iterator[tuple[str, str]]:
    """(What it returns, code) of functions of this name that consist of a check's own lines.

    stub : the cell for the answer as it is handed out, with the function's head
    check : the public check; each value that is compared or assigned in it is returned once
    """
    head = next(n for n in ast.parse(stub).body if getattr(n, "name", "") == name)
    assert isinstance(head, ast.FunctionDef)
    parameters = {argument.arg for argument in head.args.args}
    body: list[str] = []
    results: list[ast.expr] = []
    for node in ast.walk(ast.parse(check)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(COMPARISONS):
            results += node.args[:2]
        elif isinstance(node, ast.Compare):
            results += [node.left, *node.comparators]
        elif isinstance(node, ast.Assign):
            results += [node.value, *node.targets]
    for line in ast.parse(check).body:
        if isinstance(line, ast.Assign):
            targets = [n for target in line.targets for n in ast.walk(target)]
            names = {n.id for n in targets if isinstance(n, ast.Name)}
            if "found" in names or names <= parameters:  # the answer's, or the example's inputs
                continue
        if isinstance(line, ast.Assign | ast.AugAssign | ast.FunctionDef | ast.For):
            body.append(ast.unparse(line))
    for result in dict.fromkeys(map(ast.unparse, results)):
        for lines in ([*body, f"return {result}"], [f"return {result}"]):
            code = "\n".join(lines)
            general = code
            for ours, of_all in FOR_ALL_SHAPES.items():
                general = general.replace(ours, of_all)
            for text in dict.fromkeys((code, general)):
                if f"{name}(" not in text:
                    made = f"def {name}({ast.unparse(head.args)}):"
                    yield result, f"{made}\n{textwrap.indent(text, '    ')}\n"

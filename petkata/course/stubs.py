"""The learner's stubs, made from the solutions.

A solution file marks each answer with nbgrader's own `### BEGIN SOLUTION` and `### END SOLUTION`. The stub is the same
file with each marked block replaced by `raise NotImplementedError("<the task's name>")`.

    python -m petkata.course.stubs            write exercises/ again; a file with a learner's work in it is left alone
"""

from __future__ import annotations

import ast
from pathlib import Path

from petkata.course import catalog

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def stub_of(solution: str) -> str:
    """The stub of a solution file's text. Raises ValueError where a mark has no partner or stands outside a function."""
    stub, name, inside = [], None, False
    for number, line in enumerate(solution.splitlines(), start=1):
        mark = line.strip()
        if line.startswith(("def ", "class ")):
            name = line.split("(")[0].split(":")[0].split()[1]
        if mark == BEGIN:
            if inside or name is None:
                raise ValueError(f"line {number}: {BEGIN} must stand inside a function, after the last {END}")
            inside = True
            indent = line[: len(line) - len(line.lstrip())]
            stub.append(f'{indent}raise NotImplementedError("{name}")')
        elif mark == END:
            if not inside:
                raise ValueError(f"line {number}: {END} without {BEGIN}")
            inside = False
        elif not inside:
            stub.append(line)
    if inside:
        raise ValueError(f"the last {BEGIN} has no {END}")
    return "\n".join(stub) + "\n"


def untouched(source: str) -> set[str]:
    """Names of the functions in a learner's file that are still a stub: a docstring and `raise NotImplementedError`.

    Text that Python cannot parse has none: it was touched.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and _is_stub(node)}


def _is_stub(function: ast.FunctionDef) -> bool:
    body = function.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return (
        len(body) == 1
        and isinstance(body[0], ast.Raise)
        and isinstance(body[0].exc, ast.Call)
        and ast.unparse(body[0].exc.func) == "NotImplementedError"
    )


def signature(source: str, name: str) -> str | None:
    """The `def` line of a function in a file's text, or None when it is not there."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
            return f"def {name}({ast.unparse(node.args)}){returns}:"
    return None


def write_stubs(root: Path = catalog.ROOT) -> list[str]:
    """Write `exercises/` from `solutions/`. Returns a line a file that was written or left alone."""
    lines = []
    for name in catalog.lesson_names(root):
        lesson = catalog.lesson(name, root)
        for file in lesson.files:
            stub = stub_of((root / "solutions" / name / file).read_text(encoding="utf-8"))
            target = root / "exercises" / name / file
            if target.exists():
                present = target.read_text(encoding="utf-8")
                if present == stub:
                    continue
                if not untouched(present) >= {task.name for task in lesson.tasks_in(file)}:
                    lines.append(f"left alone, someone has worked in it: {target.relative_to(root)}")
                    continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(stub, encoding="utf-8")
            lines.append(f"written: {target.relative_to(root)}")
    return lines


if __name__ == "__main__":
    print("\n".join(write_stubs()) or "every stub is as its solution says")

"""Python: `assert` at the top of a function that everybody may call, about one of its parameters."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import PythonFile, last_name, raises

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit

_NARROWING = {"isinstance", "issubclass", "callable", "hasattr", "type"}
"""These tell a type checker what the author knows."""


_WORK = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)


def _find(file: PythonFile, node: ast.Assert) -> Iterator[Hit]:
    function = file.function(node)
    if (
        function is None
        or file.function(function) is not None
        or function.name.startswith("_")
        or _is_narrowing(node.test)
    ):
        return
    if isinstance(node.test, ast.Constant) or file.handler(node) is not None:
        return
    # Only at the top of the function is it a check of what was handed in.
    if node not in function.body:
        return
    arguments = function.args
    parameters = {arg.arg for arg in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} - {"self", "cls"}
    leading = function.body[: function.body.index(node)]
    if any(_sets(statement, parameters) for statement in leading):
        return
    names = {name.id for name in ast.walk(node.test) if isinstance(name, ast.Name)}
    for name in sorted(names & parameters):
        # After branches and loops it is about what the function has worked out, and not about what it was given.
        is_first = not any(isinstance(one, _WORK) and not raises([one]) for one in leading)
        confidence = Confidence.MEDIUM if node.msg is not None and is_first else Confidence.LOW
        hit = file.hit(node, f"The check of {name!r} is gone when Python runs with -O.", confidence)
        yield replace(hit, handler=function.lineno)
        return


def _sets(statement: ast.stmt, names: set[str]) -> bool:
    return any(
        isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in names
        for node in ast.walk(statement)
    )


def _is_narrowing(test: ast.expr) -> bool:
    """Whether a condition is about types or None only."""
    if isinstance(test, ast.BoolOp):
        return any(_is_narrowing(value) for value in test.values)
    if isinstance(test, ast.UnaryOp):
        return _is_narrowing(test.operand)
    if isinstance(test, ast.Compare):
        is_none = any(isinstance(one, ast.Constant) and one.value is None for one in test.comparators)
        return is_none or (isinstance(test.left, ast.Call) and last_name(test.left.func) in _NARROWING)
    return isinstance(test, ast.Name) or (isinstance(test, ast.Call) and last_name(test.func) in _NARROWING)


RULES = (PythonRule((ast.Assert,), _find),)

"""Python: `return`, and `break` or `continue` of a loop around it, in `finally`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit
    from errtally.analyser.syntax.python import PythonFile

_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def _find(file: PythonFile, node: ast.Try) -> Iterator[Hit]:
    for statement in node.finalbody:
        for leaving in _leaving(statement, in_loop=False):
            word = type(leaving).__name__.lower()
            yield file.hit(leaving, f"`{word}` in `finally` drops the exception that is on its way.")


def _leaving(node: ast.AST, *, in_loop: bool) -> Iterator[ast.stmt]:
    if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not in_loop):
        yield node
    elif not isinstance(node, _SCOPES):
        inner = in_loop or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        for child in ast.iter_child_nodes(node):
            yield from _leaving(child, in_loop=inner)


RULES = (PythonRule((ast.Try, ast.TryStar), _find),)

"""Python: `raise X(f"...{password}")` and `logger.info("...", token)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.checks.secrets.words import is_secret
from errtally.analyser.syntax.python import LOG_LEVELS, PythonFile, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit


def _raise(file: PythonFile, node: ast.Raise) -> Iterator[Hit]:
    if isinstance(node.exc, ast.Call):
        # A secret handed over as it is may be a field of the error; only a text made with it is a message.
        for argument in node.exc.args:
            for part in _formatted(argument):
                if name := _secret(part):
                    yield file.hit(node, f"The error's message holds {name!r}.")
                    return


def _log(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    if not file.log_level(node):
        return
    for part in [part for argument in node.args[:1] for part in _formatted(argument)] + node.args[1:]:
        if name := _secret(part):
            yield file.hit(node, f"The log record holds {name!r}.")
            return


def _formatted(argument: ast.expr) -> list[ast.expr]:
    """The values that a text is made of."""
    if isinstance(argument, ast.JoinedStr):
        return [value.value for value in argument.values if isinstance(value, ast.FormattedValue)]
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mod):
        return list(argument.right.elts) if isinstance(argument.right, ast.Tuple) else [argument.right]
    if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Add):
        return [*_formatted(argument.left), *_formatted(argument.right), argument.left, argument.right]
    if isinstance(argument, ast.Call) and last_name(argument.func) == "format":
        return [*argument.args, *(word.value for word in argument.keywords)]
    return []


def _secret(node: ast.expr) -> str:
    if isinstance(node, ast.Name | ast.Attribute):
        name = last_name(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        name = node.slice.value
    else:
        return ""
    # Constants in capitals are names of settings and environment variables.
    return name if is_secret(name) and not name.isupper() else ""


RULES = (PythonRule((ast.Raise,), _raise), PythonRule((ast.Call,), _log, frozenset(LOG_LEVELS)))

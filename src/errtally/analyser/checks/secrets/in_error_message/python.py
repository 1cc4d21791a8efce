"""Python: `raise X(f"...{password}")` and `logger.info("...", token)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.checks.secrets.words import is_secret, names_file
from errtally.analyser.syntax.python import LOG_LEVELS, PythonFile, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit


_FILE_CALLS = {"open", "Path", "exists", "isfile", "is_file", "expanduser", "read_text", "load_pem_private_key_file"}


def _raise(file: PythonFile, node: ast.Raise) -> Iterator[Hit]:
    if isinstance(node.exc, ast.Call):
        # A secret handed over as it is may be a field of the error; only a text made with it is a message.
        for argument in node.exc.args:
            for part in _formatted(argument):
                if (name := _secret(part)) and not _is_opened(file, node, part):
                    yield file.hit(node, f"The error's message holds {name!r}.")
                    return


def _log(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    if not file.log_level(node):
        return
    for part in [part for argument in node.args[:1] for part in _formatted(argument)] + node.args[1:]:
        if (name := _secret(part)) and not _is_opened(file, node, part):
            yield file.hit(node, f"The log record holds {name!r}.")
            return


def _is_opened(file: PythonFile, node: ast.AST, part: ast.expr) -> bool:
    """Whether the function around opens or looks for what a name holds, which is the name of a file then."""
    written = ast.unparse(part)
    return any(
        isinstance(other, ast.Call)
        and last_name(other.func) in _FILE_CALLS
        and any(ast.unparse(one) == written for one in other.args)
        for other in ast.walk(file.function(node) or file.tree)
    )


def _formatted(argument: ast.expr) -> list[ast.expr]:
    """The values that a text is made of."""
    if isinstance(argument, ast.JoinedStr):
        befores = ["", *(str(getattr(value, "value", "")) for value in argument.values)]
        return [
            value.value
            for before, value in zip(befores, argument.values, strict=False)
            if isinstance(value, ast.FormattedValue) and not names_file(before)
        ]
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

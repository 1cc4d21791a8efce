"""Python: `logger.error(f"...{exc}")` in an `except`."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import (
    LOG_LEVELS,
    PythonFile,
    last_name,
    raises,
    tells_of_exception,
    uses,
    walk_scope,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit


def _find(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    level = file.log_level(node)
    handler = file.handler(node) if level in {"error", "critical", "warning"} else None
    if handler is None or handler.name is None or not node.args or _keeps_traceback(file, handler):
        return
    how = _how(node, handler.name)
    if not how:
        return
    is_low = (
        raises(handler.body)
        or level == "warning"
        or not file.is_broad(handler)
        or _is_chosen(node, handler)
        or _touches_one_file(file, handler)
    )
    message = f"{handler.name!r} is formatted into the message, without its traceback."
    yield replace(file.hit(node, message, Confidence.LOW if is_low else None), handler=handler.lineno)


def _how(call: ast.Call, name: str) -> str:
    """How a record is made of the exception: ``text`` of it, or as an ``argument`` of its layout; "" when it is not."""
    # What `extra` holds of the exception may be more than its text.
    if any(word.arg == "extra" and uses(word.value, name) for word in call.keywords):
        return ""
    message = call.args[0]
    if isinstance(message, ast.Name):
        return "text" if message.id == name else ""
    if _is_formatted(message):
        return "text" if uses(message, name) else ""
    given = [one for one in call.args[1:] if uses(one, name)]
    is_layout = isinstance(message, ast.Constant) and isinstance(message.value, str)
    return "argument" if is_layout and given and all(_is_text(one, name) for one in given) else ""


def _is_chosen(call: ast.Call, handler: ast.ExceptHandler) -> bool:
    """Whether its author left the traceback out, or chose of it what is logged."""
    if any(word.arg == "exc_info" for word in call.keywords):
        return True
    named = [one.attr for one in walk_scope(list(handler.body)) if isinstance(one, ast.Attribute)]
    return any(name.startswith(("__traceback__", "tb_")) for name in named)


_OF_FILES = {
    "mkdir", "makedirs", "open", "write", "read", "unlink", "remove", "rename", "replace", "rmtree", "rmdir", "chmod",
    "chown", "stat", "touch", "close", "flush", "fsync", "dump", "load", "join", "exists", "copy", "copyfile", "move",
}  # fmt: skip
"""Methods of files and folders, whose error names the path and the reason."""


def _touches_one_file(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether all that is tried is a step or two with a file."""
    calls = [one for one in walk_scope(list(file.try_of(handler).body)) if isinstance(one, ast.Call)]
    names = [last_name(one.func) for one in calls if not file.log_level(one)]
    return 0 < len(names) <= _FEW_CALLS and _OF_FILES.issuperset(names)


_FEW_CALLS = 4


def _is_text(argument: ast.expr, name: str) -> bool:
    """Whether an argument is the exception, or no more than its text."""
    if isinstance(argument, ast.Name):
        return argument.id == name
    return isinstance(argument, ast.Call) and last_name(argument.func) in {"str", "repr"}


def _keeps_traceback(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether anything in a handler logs the traceback, or prints it."""
    for node in walk_scope(list(handler.body)):
        if isinstance(node, ast.Call):
            if last_name(node.func) == "exception" and file.log_level(node):
                return True
            if any(word.arg == "exc_info" and not _is_false(word.value) for word in node.keywords):
                return True
    return tells_of_exception(list(handler.body))


def _is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value


def _is_formatted(message: ast.expr) -> bool:
    if isinstance(message, ast.JoinedStr | ast.BinOp):
        return True
    return isinstance(message, ast.Call) and last_name(message.func) in {"format", "str", "repr"}


RULES = (PythonRule((ast.Call,), _find, frozenset(LOG_LEVELS)),)

"""Python: `logger.error("failed")` in an `except` that tells of the exception nowhere."""

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

_SPECIFIC = (
    "Timeout",
    "KeyError",
    "FileNotFound",
    "NotFound",
    "DoesNotExist",
    "ImportError",
    "ModuleNotFound",
    "Interrupt",
    "Cancelled",
    "AttributeError",
    "IndexError",
    "StopIteration",
    "Unicode",
    "NotImplemented",
    "ValueError",
    "TypeError",
    "Invalid",
    "Decode",
    "Permission",
    "Exists",
    "SameFile",
    "NoResult",
    "Refused",
    "Duplicate",
    "Multiple",
    "Config",
    "Parse",
    "Syntax",
    "Usage",
)
"""Types that say by themselves what happened."""


def _find(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    level = file.log_level(node)
    handler = file.handler(node) if level in {"error", "critical", "warning"} else None
    if (
        handler is None
        or uses(handler.body, handler.name)
        or raises(handler.body)
        or tells_of_exception(list(handler.body))
        or _tells(file, handler.body)
    ):
        return
    is_specific = is_specific_type(file, handler)
    is_low = is_specific or (level == "warning" and not file.is_broad(handler))
    hit = file.hit(node, "The log does not hold the exception.", Confidence.LOW if is_low else None)
    yield replace(hit, handler=handler.lineno)


def is_specific_type(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether what a handler catches says by its type what happened."""
    return all(any(part in name for part in _SPECIFIC) for name in file.caught(handler))


def _tells(file: PythonFile, body: list[ast.stmt]) -> bool:
    """Whether anything in a handler takes the traceback along."""
    for node in walk_scope(list(body)):
        if isinstance(node, ast.Call):
            name = file.dotted(node.func)
            if last_name(node.func) in {"exception", "print_exc", "format_exc", "capture_exception", "exc_info"}:
                return True
            if "traceback" in name or any(_keeps(word) for word in node.keywords):
                return True
        elif isinstance(node, ast.Attribute) and node.attr in {"exc_info", "format_exc"}:
            return True
    return False


def _keeps(word: ast.keyword) -> bool:
    """Whether an argument hands the traceback over; `exc_info=False` and `None` do not."""
    is_off = isinstance(word.value, ast.Constant) and not word.value.value
    return "exc_info" in (word.arg or "") and not is_off


RULES = (PythonRule((ast.Call,), _find, frozenset(LOG_LEVELS)),)

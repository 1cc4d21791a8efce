"""Python: `logger.error(f"...{exc}")` in an `except`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import LOG_LEVELS, PythonFile, last_name, raises, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit


def _find(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    level = file.log_level(node)
    handler = file.handler(node) if level in {"error", "critical", "warning"} else None
    if handler is None or handler.name is None or not node.args:
        return
    if last_name(node.func) == "exception" or any(word.arg in {"exc_info", "extra"} for word in node.keywords):
        return
    if not _is_formatted(node.args[0]) or not uses(node.args[0], handler.name):
        return
    is_low = raises(handler.body) or level == "warning"
    yield file.hit(node, f"{handler.name!r} is formatted into the message, without its traceback.",
                   Confidence.LOW if is_low else None)  # fmt: skip


def _is_formatted(message: ast.expr) -> bool:
    if isinstance(message, ast.JoinedStr | ast.BinOp):
        return True
    return isinstance(message, ast.Call) and last_name(message.func) in {"format", "str", "repr"}


RULES = (PythonRule((ast.Call,), _find, frozenset(LOG_LEVELS)),)

"""JavaScript: a callback of Node.js is given an error and does not look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import method
from errtally.analyser.syntax.tree import TreeFile, arguments, has_comment, identifiers, is_explained, statements, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_NAMES = {"err", "error", "er", "erro", "e1", "err1", "err2"}
_LISTENING = {"on", "once", "addListener", "catch", "then", "use", "onError", "done", "reduce", "filter", "map", "sort"}
_MIDDLEWARE_PARAMETERS = 4
_CLEANUP = {
    "unlink", "rm", "rmdir", "close", "end", "remove", "del", "quit", "disconnect", "destroy", "exists", "access",
    "stat", "lstat", "kill", "rimraf", "unref", "drop",
}  # fmt: skip
"""After whose failure there is often nothing left to do, or by whose failure code finds out what there is."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    given = arguments(node)
    if not given or given[-1].type not in {"arrow_function", "function_expression"} or method(node) in _LISTENING:
        return
    function = given[-1]
    parameters, body = function.child_by_field_name("parameters"), function.child_by_field_name("body")
    names = [_name(one) for one in parameters.named_children] if parameters is not None else []
    if not names or names[0] not in _NAMES or len(names) >= _MIDDLEWARE_PARAMETERS or body is None:
        return
    if names[0] in identifiers(body) or "arguments" in identifiers(body):
        return
    # With the error alone, and nothing done, whoever wrote it did not care for the outcome.
    is_empty = body.type == "statement_block" and not statements(body)
    is_low = (
        method(node) in _CLEANUP or is_explained(file, node) or has_comment(function) or (is_empty and len(names) == 1)
    )
    message = f"{names[0]!r} is not looked at, and what follows takes the call for a success."
    yield file.hit(function, message, Confidence.LOW if is_low else Confidence.MEDIUM)


def _name(parameter: Node) -> str:
    return text(parameter.child_by_field_name("pattern") or parameter)


RULES = (TreeRule(JAVASCRIPT, ("call_expression",), _find),)

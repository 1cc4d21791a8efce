"""`promises/then-without-catch`: a chain of `then` that nobody awaits, returns or catches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.tree import TreeFile, arguments, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_SELF_CONTAINED = {"cy", "$", "jQuery"}
"""Cypress fails its test by itself; jQuery's deferreds do not know unhandled rejections."""


def _chain(call: Node) -> tuple[list[tuple[str, int]], str]:
    """The methods called one after the other with their numbers of arguments, and the name that they begin at."""
    found: list[tuple[str, int]] = []
    node: Node | None = call
    while node is not None and node.type == "call_expression":
        function = node.child_by_field_name("function")
        if function is None or function.type != "member_expression":
            return found, text(function)
        found.append((text(function.child_by_field_name("property")), len(arguments(node))))
        node = function.child_by_field_name("object")
    return found, text(node)


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    call = node.named_children[0] if node.named_child_count else None
    if call is None or call.type != "call_expression":
        return
    methods, root = _chain(call)
    # Only links up to the outermost `then` count: what stands before it made the promise.
    if not methods or methods[0][0] not in {"then", "finally"} or root.split(".")[0] in _SELF_CONTAINED:
        return
    links = []
    for name, count in methods:
        if name not in {"then", "catch", "finally"}:
            break
        links.append((name, count))
    if not any(name == "then" for name, _ in links):
        return
    if any(name == "catch" or (name == "then" and count > 1) for name, count in links):
        return
    yield file.hit(node, "A rejection of this promise reaches nobody.")


CHECK = Check(
    name="promises/then-without-catch",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="promise without a catch",
    why="A rejection ends the process in Node.js 15 and later, and is a line in the visitor's console in a browser.",
    instead="`await` it where a caller handles errors, return it, or end the chain with `.catch(report)`.",
    rules=(TreeRule(JAVASCRIPT, ("expression_statement",), _find),),
)

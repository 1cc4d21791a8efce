"""`promises/then-without-catch`: a chain of `then` that nobody awaits, returns or catches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.javascript import callee
from errtally.analyser.syntax.javascript_promises import dropped_calls
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


_TOGETHER = {"Promise.all", "Promise.race", "Promise.any"}
"""What makes one promise of several, and rejects when they do; `Promise.allSettled` never does."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    for call in dropped_calls(node):
        yield from _call(file, node, call)


def _call(file: TreeFile, node: Node, call: Node) -> Iterator[Hit]:
    if callee(call) in _TOGETHER:
        yield file.hit(call, "A rejection of these promises reaches nobody.")
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
    if any(name == "catch" or (name == "then" and count > 1) for name, count in links):
        return
    if not any(name == "then" for name, _ in links) and not _makes_promise(node, len(links)):
        return
    yield file.hit(call, "A rejection of this promise reaches nobody.")


def _makes_promise(statement: Node, links: int) -> bool:
    """Whether what stands before `finally` is a call; a name may be a chain that ends in a catch elsewhere."""
    node: Node | None = statement.named_children[0]
    for _ in range(links):
        function = node.child_by_field_name("function") if node is not None else None
        node = function.child_by_field_name("object") if function is not None else None
    return node is not None and node.type == "call_expression"


CHECK = Check(
    name="promises/then-without-catch",
    cwe=248,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="promise without a catch",
    why="A rejection ends the process in Node.js 15 and later, and is a line in the visitor's console in a browser.",
    instead="`await` it where a caller handles errors, return it, or end the chain with `.catch(report)`.",
    rules=(TreeRule(JAVASCRIPT, ("expression_statement",), _find),),
    is_for_services=True,
)

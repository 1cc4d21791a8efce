"""`promises/async-for-each`: `forEach` with an async function, which it does not wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.javascript import is_async, method
from errtally.analyser.syntax.tree import TreeFile, arguments, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


_ASKING = {"filter", "some", "every", "find", "findIndex"}
"""Methods that take a promise for an answer, which is always yes."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    name = method(node)
    if name not in {"forEach", "map", "flatMap", *_ASKING}:
        return
    if name in {"map", "flatMap"} and (node.parent is None or node.parent.type != "expression_statement"):
        return  # the promises are kept
    for argument in arguments(node)[:1]:
        if argument.type not in {"arrow_function", "function_expression"} or not is_async(argument):
            continue
        if name in _ASKING:
            yield file.hit(node, f"{name} takes the promise of its async function for a yes.", Confidence.MEDIUM)
            continue
        found = statements(argument.child_by_field_name("body"))
        is_handled = len(found) == 1 and found[0].type == "try_statement"
        message = f"{name} does not wait for its async function, and drops its rejections."
        yield file.hit(node, message, Confidence.LOW if is_handled else None)


CHECK = Check(
    name="promises/async-for-each",
    cwe=252,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="async function in forEach",
    why="The code after it runs before any of the calls is done, and an error in one of them reaches nobody.",
    instead="`for (const item of items) await f(item)`, or `await Promise.all(items.map(f))`.",
    rules=(TreeRule(JAVASCRIPT, ("call_expression",), _find),),
)

"""`handlers/interrupt-ignored`: Java's InterruptedException is caught and the interrupt is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.java import calls, caught
from errtally.analyser.syntax.tree import TreeFile, text, walk, walk_scope, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    types, name = caught(node)
    body = node.child_by_field_name("body")
    if body is None or not any(kind.endswith("InterruptedException") for kind in types):
        return
    if any(kind.endswith(("ClosedByInterruptException", "InterruptedIOException")) for kind in types):
        return
    if "interrupt" in calls(body) or any(child.type == "throw_statement" for child in walk_scope(body)):
        return
    hands_over = any(
        child.type == "argument_list" and name in {text(one) for one in child.named_children} for child in walk(body)
    )
    leaves = any(child.type in {"return_statement", "break_statement"} for child in walk_scope(body))
    in_main = (method := within(node, {"method_declaration"})) is not None and text(
        method.child_by_field_name("name")
    ) in {"main", "run"}
    is_low = (leaves and in_main) or (hands_over and leaves)
    yield file.hit(node, "The interrupt is forgotten: the thread does not stop when it is asked to.",
                   Confidence.LOW if is_low else None)  # fmt: skip


CHECK = Check(
    name="handlers/interrupt-ignored",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="InterruptedException ignored",
    why="The throw cleared the flag, so pools and shut-downs wait for a thread that does not know that it should end.",
    instead="Throw it on, or call `Thread.currentThread().interrupt()` and leave.",
    rules=(TreeRule(("java",), ("catch_clause",), _find),),
)

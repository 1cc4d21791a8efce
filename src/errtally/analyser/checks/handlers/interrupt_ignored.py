"""`handlers/interrupt-ignored`: Java's InterruptedException is caught and the interrupt is forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.java import BROAD, callee, calls, caught, is_meant, log_level
from errtally.analyser.syntax.tree import (
    COMMENTS,
    FUNCTIONS,
    TreeFile,
    arguments,
    has_comment,
    text,
    walk,
    walk_scope,
    within,
)

_WAITS = {"Thread.sleep", "wait", "this.wait", "Thread.currentThread().join"}
_WAITING = (
    "SECONDS.sleep", "MILLISECONDS.sleep", "MINUTES.sleep", ".awaitTermination", "latch.await", "Latch.await",
    "queue.take", "Queue.take", "semaphore.acquire", "Semaphore.acquire", "thread.join", "Thread.join",
)  # fmt: skip
_LOOPS = {"while_statement", "for_statement", "do_statement", "enhanced_for_statement"}

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    types, name = caught(node)
    body = node.child_by_field_name("body")
    is_wide = bool(BROAD.intersection(types)) and _waits(node)
    if body is None or not (is_wide or any(kind.endswith("InterruptedException") for kind in types)):
        return
    if any(kind.endswith(("ClosedByInterruptException", "InterruptedIOException")) for kind in types):
        return
    if _keeps_interrupt(body, name) or any(child.type == "throw_statement" for child in walk_scope(body)):
        return
    hands_over = _hands_over(body, name)
    leaves = any(child.type in {"return_statement", "break_statement"} for child in walk_scope(body))
    in_main = (method := within(node, {"method_declaration"})) is not None and text(
        method.child_by_field_name("name")
    ) in {"main", "run"}
    is_said = has_comment(body) or is_meant(name)
    is_low = is_said or hands_over or (in_main and (leaves or _ends_thread(node)))
    if is_wide:
        is_low = is_low or leaves or _ends_thread(node)
    message = "The interrupt is forgotten: the thread does not stop when it is asked to."
    sure = Confidence.MEDIUM if is_wide else None
    yield file.hit(node, message, Confidence.LOW if is_low else sure)


def _waits(catch: Node) -> bool:
    """Whether the block of a wide handler waits in a way that an interrupt ends, and no other handler takes that."""
    block = catch.parent
    tried = block.child_by_field_name("body") if block is not None else None
    if block is None or tried is None:
        return False
    beside = [kind for one in block.named_children if one.type == "catch_clause" for kind in caught(one)[0]]
    if any(kind.endswith("InterruptedException") for kind in beside):
        return False
    return any(
        child.type == "method_invocation" and (callee(child) in _WAITS or callee(child).endswith(_WAITING))
        for child in walk_scope(tried)
        if within(child, {"try_statement", "try_with_resources_statement"}) == block
    )


def _keeps_interrupt(body: Node, name: str) -> bool:
    """Whether something is called or set that is named after the interrupt, so that it is not forgotten."""
    assigned = [
        text(child.child_by_field_name("left")) for child in walk_scope(body) if child.type == "assignment_expression"
    ]
    if any("interrupt" in called.lower() for called in (*calls(body), *assigned)):
        return True
    # `failure = e` keeps the exception for later.
    return any(
        child.type == "assignment_expression" and text(child.child_by_field_name("right")) == name
        for child in walk_scope(body)
    )


def _hands_over(body: Node, name: str) -> bool:
    """Whether somebody else than a logger takes the exception: a future that fails with it, a callback."""
    if any(
        child.type == "object_creation_expression" and name in {text(one) for one in arguments(child)}
        for child in walk(body)
    ):
        return True
    return any(
        child.type == "method_invocation"
        and not log_level(child)
        and not text(child.child_by_field_name("object")).lower().endswith(("log", "logger", "trace"))
        and "log" not in text(child.child_by_field_name("name")).lower()
        and name in {text(one) for one in arguments(child)}
        for child in walk(body)
    )


def _ends_thread(catch: Node) -> bool:
    """Whether nothing follows the handler in its method, which is the body of a thread."""
    node: Node | None = catch.parent
    while node is not None and node.type not in FUNCTIONS:
        after = node.next_named_sibling
        while after is not None and after.type in {*COMMENTS, "catch_clause", "finally_clause"}:
            after = after.next_named_sibling
        if after is not None or node.type in _LOOPS:
            return False
        node = node.parent
    return True


CHECK = Check(
    name="handlers/interrupt-ignored",
    cwe=391,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="InterruptedException ignored",
    why="The throw cleared the flag, so pools and shut-downs wait for a thread that does not know that it should end.",
    instead="Throw it on, or call `Thread.currentThread().interrupt()` and leave.",
    is_for_services=True,
    rules=(TreeRule(("java",), ("catch_clause",), _find),),
)

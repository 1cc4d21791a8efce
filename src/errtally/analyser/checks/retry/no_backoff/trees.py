"""JavaScript, TypeScript and Java: `while (true) { try { return await f() } catch (e) {} }`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.syntax.tree import TreeFile, statements, text, walk, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_WAITING = (
    "sleep",
    "wait",
    "backoff",
    "delay",
    "timeout",
    "pause",
    "poll",
    "take",
    "acquire",
    "next",
    "prompt",
    "read",
    "accept",
    "nanos",
    "park",
)
_LEAVING = frozenset({"return_statement", "break_statement", "throw_statement"})


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    condition = text(node.child_by_field_name("condition")).strip("();")
    is_endless = node.type == "while_statement" and condition in {"true", "1"}
    is_endless = is_endless or (node.type == "for_statement" and condition == "")
    is_counted = node.type == "for_statement" and (
        "retr" in text(node)[:200].lower() or "attempt" in text(node)[:200].lower()
    )
    if not is_endless and not is_counted:
        return
    for block in statements(node.child_by_field_name("body")):
        if block.type != "try_statement":
            continue
        body = block.child_by_field_name("body")
        handlers = [child for child in block.named_children if child.type == "catch_clause"]
        tried = statements(body)
        if not tried or tried[-1].type not in {"return_statement", "break_statement"} or not _is_remote(node, body):
            continue
        for handler in handlers:
            if any(child.type in _LEAVING for child in walk_scope(handler)):
                continue
            if not _waits(node):
                yield file.hit(handler, "The call is tried again at once, without a pause.")


def _is_remote(node: Node, body: Node | None) -> bool:
    """Whether something is called that can be in trouble: in JavaScript, only what is awaited."""
    wanted = (
        {"method_invocation"}
        if any(child.type == "method_invocation" for child in walk(node))
        else {"await_expression"}
    )
    return body is not None and any(child.type in wanted for child in walk_scope(body))


def _waits(loop: Node) -> bool:
    for child in walk(loop):
        if child.type in {"call_expression", "method_invocation", "new_expression"}:
            called = text(child.child_by_field_name("name") or child.child_by_field_name("function")).lower()
            if any(part in called for part in _WAITING):
                return True
    return False


RULES = (TreeRule((*JAVASCRIPT, "java"), ("while_statement", "for_statement"), _find),)

"""Go: `for { x, err := f(); if err == nil { return x } }` without a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.syntax.go import callee, checked_error
from errtally.analyser.syntax.tree import TreeFile, statements, text, walk, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_WAITING = ("sleep", "wait", "backoff", "delay", "after", "tick", "accept", "read", "next", "recv", "scan", "retry")
_REMOTE = ("dial", "get", "post", "do", "connect", "ping", "query", "exec", "send", "fetch", "request", "call")


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    body = node.child_by_field_name("body")
    found = statements(body)
    # Without a clause the loop is endless; `for i := range items` goes to the next item and does not try again.
    is_endless = node.named_child_count == 1
    if body is None or not is_endless or _waits(body):
        return
    for statement in found:
        if statement.type != "if_statement" or not checked_error(statement):
            continue
        block = statements(statement.child_by_field_name("consequence"))
        if block and block[-1].type == "continue_statement" and _is_remote(statement) and _succeeds(found):
            yield file.hit(statement, "The call is tried again at once, without a pause.")


def _is_remote(statement: Node) -> bool:
    before = statement.prev_named_sibling
    if before is None:
        return False
    names = [callee(child).rsplit(".", 1)[-1].lower() for child in walk(before) if child.type == "call_expression"]
    return any(name.startswith(_REMOTE) for name in names)


def _succeeds(found: list[Node]) -> bool:
    return bool(found) and found[-1].type in {"return_statement", "break_statement"}


def _waits(body: Node) -> bool:
    for child in walk_scope(body):
        if child.type in {"select_statement", "unary_expression"} and text(child).startswith(("select", "<-")):
            return True
        if child.type == "call_expression" and any(part in callee(child).lower() for part in _WAITING):
            return True
    return False


RULES = (TreeRule(("go",), ("for_statement",), _find),)

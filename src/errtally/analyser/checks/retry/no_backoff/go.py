"""Go: `for { x, err := f(); if err == nil { return x } }` without a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.syntax.go import callee, checked_error
from errtally.analyser.syntax.tree import TreeFile, identifiers, statements, text, walk, walk_scope

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
    if body is not None and not is_endless:
        yield from _counted(file, node, body)
    if body is None or not is_endless or not _succeeds(found):
        return
    for statement in found:
        if statement.type != "if_statement" or not checked_error(statement) or not _is_remote(statement):
            continue
        block = statements(statement.child_by_field_name("consequence"))
        if not block or block[-1].type != "continue_statement":
            continue
        if not _waits(body):
            yield file.hit(statement, "The call is tried again at once, without a pause.")
        elif _only_sleeps(body) and not any(_leaves(one) for one in found[:-1]):
            yield file.hit(statement, "The call is tried again for ever; nothing gives up.")


def _counted(file: TreeFile, node: Node, body: Node) -> Iterator[Hit]:
    """`for i := 0; i < 3; i++ { x, err := f(); if err == nil { return x } }`, or with `continue` on an error."""
    clause = next((child for child in node.named_children if child.type == "for_clause"), None)
    counter = _counter(clause) if clause is not None else ""
    if not counter or _waits(body) or counter in identifiers(body):
        return
    found = statements(body)
    for statement in found:
        if statement.type != "if_statement" or not _is_remote(statement):
            continue
        block = statements(statement.child_by_field_name("consequence"))
        asked = text(statement.child_by_field_name("condition"))
        is_left = bool(block) and block[-1].type in {"return_statement", "break_statement"}
        goes_on = bool(block) and block[-1].type == "continue_statement" and _succeeds(found)
        if (asked.endswith("== nil") and is_left) or (bool(checked_error(statement)) and goes_on):
            yield file.hit(statement, "The call is tried again at once, without a pause.")
            return


def _counter(clause: Node) -> str:
    """The variable of a clause that counts up by one."""
    update = clause.child_by_field_name("update")
    return text(update.named_children[0]) if update is not None and update.type == "inc_statement" else ""


def _leaves(statement: Node) -> bool:
    """Whether anything within leaves the loop or ends the program."""
    return any(
        child.type in {"return_statement", "break_statement", "goto_statement"}
        or (child.type == "call_expression" and callee(child).rsplit(".", 1)[-1].startswith(("Fatal", "panic", "Exit")))
        for child in walk_scope(statement)
    )


def _only_sleeps(body: Node) -> bool:
    """Whether all the waiting is `time.Sleep`, which no context or channel can end."""
    for child in walk_scope(body):
        if child.type in {"select_statement", "unary_expression"} and text(child).startswith(("select", "<-")):
            return False
    calls = [callee(child).lower() for child in walk_scope(body) if child.type == "call_expression"]
    return all(call == "time.sleep" or not any(part in call for part in _WAITING) for call in calls)


def _is_remote(statement: Node) -> bool:
    before = statement.child_by_field_name("initializer") or statement.prev_named_sibling
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

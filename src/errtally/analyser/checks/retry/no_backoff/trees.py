"""JavaScript, TypeScript and Java: `while (true) { try { return await f() } catch (e) {} }`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.syntax.java import caught
from errtally.analyser.syntax.tree import TreeFile, arguments, identifiers, statements, text, walk, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_WAITING = (
    "sleep", "wait", "backoff", "delay", "timeout", "pause", "poll", "take", "acquire", "next", "prompt", "read",
    "accept", "nanos", "park",
)  # fmt: skip
_LEAVING = frozenset({"return_statement", "break_statement", "throw_statement"})
_ENDING = ("exit", "reject", "abort", "shutdown", "giveup")
_TROUBLE = (
    "IOException", "SQL", "Timeout", "Connect", "Remote", "Socket", "Http", "HTTP", "Unavailable", "Network", "Unknown",
    "Transient", "ServiceException", "ClientException",
)  # fmt: skip
"""Parts of names of exceptions that mean that the other side has trouble."""
_BROAD = {"Exception", "Throwable", "RuntimeException"}
_LOCAL = ("bind", "listen", "createtemp", "createnewfile", "mkdir", "compareandset")
"""What tries to find a free port or name on this machine takes no other side."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    condition = text(node.child_by_field_name("condition")).strip("();").strip()
    is_endless = node.type == "while_statement" and condition in {"true", "1"}
    is_endless = is_endless or (node.type == "for_statement" and condition == "")
    flag = (
        condition[1:]
        if node.type == "while_statement" and condition[:1] == "!" and condition[1:].isidentifier()
        else ""
    )
    is_counted = not is_endless and node.type == "for_statement" and _is_bounded(condition)
    if not is_endless and not flag and not is_counted:
        return
    waits = _waits(node)
    for block in statements(node.child_by_field_name("body")):
        body = block.child_by_field_name("body") if block.type == "try_statement" else None
        # What uses the counter before the call tries something else each time.
        before = [one for one in statements(node.child_by_field_name("body")) if one.end_byte <= block.start_byte]
        if is_counted and body is not None and any(_counter(node) in identifiers(one) for one in [body, *before]):
            continue
        if body is None or not _succeeds(body, flag) or not _is_remote(node, body):
            continue
        for handler in block.named_children:
            if handler.type != "catch_clause" or _leaves(handler) or not _is_trouble(file, handler):
                continue
            if file.language == "java" and _may_throw(file, handler):
                continue
            if not waits:
                yield file.hit(handler, "The call is tried again at once, without a pause.")
            elif not is_counted and not _leaves_outside(node, block):
                yield file.hit(handler, "The call is tried again for ever; nothing gives up.")


def _is_bounded(condition: str) -> bool:
    """Whether a loop counts up to a number, or to a setting that is called as one of tries."""
    bound = next((part for sign in ("<=", "<", ">=", ">") if (part := condition.partition(sign)[2].strip())), "")
    plain = bound.lower()
    return bound.isdigit() or any(word in plain or word in condition.lower() for word in ("retr", "attempt", "tries"))


def _annotated(file: TreeFile, node: Node) -> Iterator[Hit]:
    """Spring's `@Retryable(Exception.class)`."""
    if text(node.child_by_field_name("name")) == "Retryable" and _WIDE.search(text(node)):
        yield file.hit(node, "Every exception is tried again, a mistake in the program as well.")


_WIDE = re.compile(
    r"(?:^@?\w+\s*\(|value\s*=|include\s*=|retryFor\s*=|includes\s*=|\{)\s*\{?\s*(?:Exception|Throwable)\.class"
)


def _counter(loop: Node) -> str:
    """The name ``i`` of `for (int i = 0; ...)`: a block that uses it tries something else each time."""
    declared = loop.child_by_field_name("init") or loop.child_by_field_name("initializer")
    first = next((child for child in walk(declared) if child.type == "variable_declarator"), None) if declared else None
    return text(first.child_by_field_name("name")) if first is not None else ""


def _succeeds(body: Node, flag: str) -> bool:
    """Whether success leaves the loop, so that going round again is a retry."""
    last = next(iter(reversed(statements(body))), None)
    if last is None:
        return False
    if last.type in {"return_statement", "break_statement"}:
        return True
    inner = last.named_children[0] if last.type == "expression_statement" and last.named_child_count else None
    is_set = inner is not None and inner.type == "assignment_expression"
    return bool(flag) and is_set and inner is not None and text(inner.child_by_field_name("left")) == flag


def _is_trouble(file: TreeFile, handler: Node) -> bool:
    """Whether a handler's types mean trouble on the other side; in JavaScript there is but one handler."""
    if file.language != "java":
        return True
    types, _ = caught(handler)
    return any(kind in _BROAD or any(part in kind for part in _TROUBLE) for kind in types)


def _leaves(node: Node) -> bool:
    """Whether anything within leaves the loop or ends the program, on any path."""
    return any(child.type in _LEAVING or any(word in _called(child) for word in _ENDING) for child in walk_scope(node))


def _may_throw(file: TreeFile, handler: Node) -> bool:
    """Whether a handler hands its exception to a method of this file that throws."""
    _, name = caught(handler)
    handed = {
        text(call.child_by_field_name("name"))
        for call in walk_scope(handler)
        if call.type == "method_invocation" and name in {text(one) for one in arguments(call)}
    }
    return any(
        text(method.child_by_field_name("name")) in handed
        and any(child.type == "throw_statement" for child in walk_scope(method.child_by_field_name("body") or method))
        for method in file.nodes("method_declaration")
    )


def _leaves_outside(loop: Node, block: Node) -> bool:
    """Whether the loop gives up at another place, such as when time is over."""
    return any(_leaves(one) for one in statements(loop.child_by_field_name("body")) if one != block)


def _is_remote(node: Node, body: Node) -> bool:
    """Whether something is called that can be in trouble: in JavaScript, only what is awaited."""
    is_java = any(child.type == "method_invocation" for child in walk(node))
    wanted = "method_invocation" if is_java else "await_expression"
    is_called = any(child.type == wanted for child in walk_scope(body))
    return is_called and not any(_called(child).startswith(_LOCAL) for child in walk_scope(body))


def _called(node: Node) -> str:
    """The last name of what a node calls, in lower case; "" for other nodes."""
    if node.type not in {"call_expression", "method_invocation", "new_expression"}:
        return ""
    called = node.child_by_field_name("name") or node.child_by_field_name("function")
    return text(called).rsplit(".", 1)[-1].lower()


def _waits(loop: Node) -> bool:
    for child in walk(loop):
        if child.type in {"call_expression", "method_invocation", "new_expression"}:
            called = text(child.child_by_field_name("name") or child.child_by_field_name("function")).lower()
            if any(part in called for part in _WAITING):
                return True
    return False


RULES = (
    TreeRule((*JAVASCRIPT, "java"), ("while_statement", "for_statement"), _find),
    TreeRule(("java",), ("annotation",), _annotated),
)

"""Questions about promises that several checks ask: which calls a statement drops, and who takes a rejection."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.syntax.javascript import FUNCTIONS, method
from errtally.analyser.syntax.tree import TreeFile, ancestors, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_COMMAND_FOLDERS = {"bin", "scripts", "script", "cli", "tools", "build", "tasks", "commands", "command"}


def plain(node: Node | None) -> Node | None:
    """Return an expression without the brackets around it."""
    while node is not None and node.type == "parenthesized_expression" and node.named_child_count:
        node = node.named_children[0]
    return node


def dropped_calls(statement: Node) -> Iterator[Node]:
    """Yield the calls whose outcome a statement drops: `f()`, `a && f()`, `a ? f() : g()`, `f(), g()`."""
    stack = [statement.named_children[0]] if statement.named_child_count else []
    while stack:
        node = stack.pop()
        match node.type:
            case "call_expression":
                yield node
            case "parenthesized_expression" | "sequence_expression":
                stack.extend(reversed(node.named_children))
            case "ternary_expression":
                stack += [one for name in ("alternative", "consequence") if (one := node.child_by_field_name(name))]
            case "binary_expression":
                operator, right = node.child_by_field_name("operator"), node.child_by_field_name("right")
                if operator is not None and right is not None and operator.type in {"&&", "||", "??"}:
                    stack.append(right)


def handles_itself(function: Node) -> bool:
    """Whether an async function catches what happens in it, or has nothing that could fail by waiting."""
    body = function.child_by_field_name("body")
    if body is not None and body.type == "await_expression":
        return _is_caught(body)
    waits = [child for child in walk_scope(body) if child.type == "await_expression"] if body is not None else []
    return all(_is_caught(wait) for wait in waits)


def _is_caught(wait: Node) -> bool:
    """Whether an `await` stands in the block of a `try` with a `catch`, or ends in a `catch` of its own."""
    call = wait.named_children[0] if wait.named_child_count else None
    if call is not None and call.type == "call_expression" and method(call) == "catch":
        return True
    inner = wait
    for above in ancestors(wait):
        if above.type in FUNCTIONS:
            return False
        # What waits in `finally` is clean-up, whose failure nobody handles anywhere; so is the report in `catch`.
        if above.type == "catch_clause":
            return True
        if above.type == "try_statement" and inner.type != "catch_clause" and above.child_by_field_name("handler"):
            return True
        inner = above
    return False


def is_command(file: TreeFile) -> bool:
    """Whether a file is a script that a person starts: Node.js prints its unhandled rejection and ends it."""
    pure = PurePosixPath(file.path)
    is_named = not _COMMAND_FOLDERS.isdisjoint(pure.parts[:-1]) or pure.stem.endswith(("config", "rc", "cli"))
    is_named = is_named or any(part.endswith("-cli") for part in pure.parts[:-1])
    return is_named or file.lines[0].startswith("#!")

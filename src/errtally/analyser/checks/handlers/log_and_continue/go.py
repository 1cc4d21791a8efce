"""Go: `x, err := f(); if err != nil { log.Print(err) }; x.y()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.syntax.go import callee, checked_error, log_level
from errtally.analyser.syntax.tree import COMMENTS, TreeFile, statements, text, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    error = checked_error(node)
    if not error or node.child_by_field_name("alternative") is not None:
        return
    if not _only_logs(node.child_by_field_name("consequence")):
        return
    names = _set_with_error(node, error)
    for name in names:
        if line := _dereferenced_after(node, name):
            yield file.hit(node, f"The error is only logged, and line {line} uses {name!r}, which is not valid then.")
            return


def _only_logs(block: Node | None) -> bool:
    found = statements(block)
    for statement in found:
        call = statement.named_children[0] if statement.type == "expression_statement" else None
        if call is None or call.type != "call_expression":
            return False
        level = log_level(call)
        # Fatal and panic end the program.
        is_log = bool(level) and level != "critical"
        if not is_log and not callee(call).startswith("fmt.Print"):
            return False
    return bool(found)


def _set_with_error(node: Node, error: str) -> list[str]:
    """The names that the statement before sets together with the error."""
    before = node.prev_named_sibling
    while before is not None and before.type in COMMENTS:
        before = before.prev_named_sibling
    if before is None or before.type not in {"short_var_declaration", "assignment_statement"}:
        return []
    left = before.child_by_field_name("left")
    names = [text(child) for child in left.named_children if child.type == "identifier"] if left is not None else []
    return [name for name in names if name not in {error, "_"}] if error in names else []


def _dereferenced_after(node: Node, name: str) -> int:
    """The line on which the next statement that mentions a name selects a member of it; 0 when it asks first."""
    after = node.next_named_sibling
    while after is not None:
        mentions = [child for child in walk_scope(after) if child.type == "identifier" and text(child) == name]
        if mentions and after.type not in COMMENTS:
            parent = mentions[0].parent
            # A map that is nil has no entries, and asking for one is no fault.
            is_member = parent is not None and parent.type == "selector_expression"
            is_asked = after.type == "if_statement"
            return mentions[0].start_point[0] + 1 if is_member and not is_asked else 0
        after = after.next_named_sibling
    return 0


RULES = (TreeRule(("go",), ("if_statement",), _find),)

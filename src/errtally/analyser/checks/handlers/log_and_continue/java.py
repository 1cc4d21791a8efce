"""Java: `X x = null; try { x = f(); } catch (E e) { log(e); } x.y()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.syntax.java import callee, log_level
from errtally.analyser.syntax.tree import COMMENTS, TreeFile, statements, text, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    body = node.child_by_field_name("body")
    handlers = [child for child in node.named_children if child.type == "catch_clause" and _only_logs(child)]
    if body is None or not handlers:
        return
    assigned = {
        text(child.child_by_field_name("left")) for child in walk_scope(body) if child.type == "assignment_expression"
    }
    for name in sorted(_null_before(node) & assigned):
        line = _called_after(node, name)
        if line:
            yield file.hit(handlers[0], f"The error is only logged, and line {line} uses {name!r}, which is null then.")
            return


def _only_logs(handler: Node) -> bool:
    found = statements(handler.child_by_field_name("body"))
    for statement in found:
        call = statement.named_children[0] if statement.type == "expression_statement" else None
        if call is None or call.type != "method_invocation":
            return False
        if not log_level(call) and not callee(call).endswith(".printStackTrace") and "System." not in callee(call):
            return False
    return bool(found)


def _null_before(node: Node) -> set[str]:
    found = set()
    before = node.prev_named_sibling
    while before is not None:
        if before.type == "local_variable_declaration":
            for declarator in before.named_children:
                value = declarator.child_by_field_name("value") if declarator.type == "variable_declarator" else None
                if value is not None and value.type == "null_literal":
                    found.add(text(declarator.child_by_field_name("name")))
        before = before.prev_named_sibling
    return found


def _called_after(node: Node, name: str) -> int:
    """The line on which the next statement that mentions a name calls a method of it; 0 when it asks first."""
    after = node.next_named_sibling
    while after is not None:
        mentions = [child for child in walk_scope(after) if child.type == "identifier" and text(child) == name]
        if mentions and after.type not in COMMENTS:
            parent = mentions[0].parent
            is_call = (
                parent is not None
                and parent.type in {"method_invocation", "field_access"}
                and parent.child_by_field_name("object") == mentions[0]
            )
            return mentions[0].start_point[0] + 1 if is_call else 0
        after = after.next_named_sibling
    return 0


RULES = (TreeRule(("java",), ("try_statement",), _find),)

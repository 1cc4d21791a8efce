"""JavaScript: `let x; try { x = f() } catch (e) { log(e) } x.y`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.syntax.javascript import is_console, log_level
from errtally.analyser.syntax.tree import COMMENTS, TreeFile, statements, text, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    handler, body = node.child_by_field_name("handler"), node.child_by_field_name("body")
    if handler is None or body is None or not _only_logs(handler):
        return
    unset = _declared_before(node)
    assigned = {
        text(child.child_by_field_name("left")) for child in walk_scope(body) if child.type == "assignment_expression"
    }
    for name in sorted(unset & assigned):
        line = _dereferenced_after(node, name)
        if line:
            yield file.hit(handler, f"The error is only logged, and line {line} uses {name!r}, which is not set then.")
            return


def _only_logs(handler: Node) -> bool:
    found = statements(handler.child_by_field_name("body"))
    for statement in found:
        call = statement.named_children[0] if statement.type == "expression_statement" else None
        if call is None or call.type != "call_expression" or not (log_level(call) or is_console(call)):
            return False
    return bool(found)


def _declared_before(node: Node) -> set[str]:
    """Names that the statements before declare without a value, or with null or undefined."""
    found = set()
    before = node.prev_named_sibling
    while before is not None:
        if before.type in {"lexical_declaration", "variable_declaration"}:
            for declarator in before.named_children:
                value = declarator.child_by_field_name("value")
                if declarator.type == "variable_declarator" and (value is None or text(value) in {"null", "undefined"}):
                    found.add(text(declarator.child_by_field_name("name")))
        before = before.prev_named_sibling
    return found


def _dereferenced_after(node: Node, name: str) -> int:
    """The line on which the next statement that mentions a name takes a member of it; 0 when it asks first."""
    after = node.next_named_sibling
    while after is not None:
        mentions = [child for child in walk_scope(after) if child.type == "identifier" and text(child) == name]
        if mentions and after.type not in COMMENTS:
            parent = mentions[0].parent
            is_member = (
                parent is not None
                and parent.type == "member_expression"
                and parent.child_by_field_name("object") == mentions[0]
                and parent.child_by_field_name("optional_chain") is None
            )
            return mentions[0].start_point[0] + 1 if is_member else 0
        after = after.next_named_sibling
    return 0


RULES = (TreeRule(JAVASCRIPT, ("try_statement",), _find),)

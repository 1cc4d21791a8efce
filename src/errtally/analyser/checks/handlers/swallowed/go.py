"""Go: `if err != nil {}`, and `recover()` whose value nobody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, checked_error
from errtally.analyser.syntax.tree import TreeFile, has_comment, is_explained, statements, text, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _check(file: TreeFile, node: Node) -> Iterator[Hit]:
    body = node.child_by_field_name("consequence")
    name = checked_error(node)
    if name and body is not None and not statements(body) and node.child_by_field_name("alternative") is None:
        confidence = Confidence.LOW if has_comment(body) else Confidence.HIGH
        yield file.hit(node, f"{name} is checked and dropped.", confidence)


def _recover(file: TreeFile, node: Node) -> Iterator[Hit]:
    if callee(node) == "recover" and _is_dropped(node):
        confidence = Confidence.LOW if is_explained(file, node) else Confidence.HIGH
        yield file.hit(node, "A panic is recovered from and dropped.", confidence)


def _is_dropped(call: Node) -> bool:
    """Whether nobody looks at what a call of `recover` returns."""
    parent = call.parent
    if parent is None:
        return False
    if parent.type in {"expression_statement", "defer_statement", "go_statement"}:
        return True
    assignment = within(call, {"short_var_declaration", "assignment_statement"})
    left = assignment.child_by_field_name("left") if assignment is not None else None
    if assignment is None or left is None:
        return _asks_only(call)
    if {text(one) for one in left.named_children} == {"_"}:
        return True
    above = assignment.parent
    return above is not None and above.type == "if_statement" and _does_nothing(above)


def _asks_only(call: Node) -> bool:
    """Whether this is `if recover() != nil {}`."""
    above = within(call, {"if_statement"})
    return above is not None and call.parent == above.child_by_field_name("condition") and _does_nothing(above)


def _does_nothing(node: Node) -> bool:
    return not statements(node.child_by_field_name("consequence")) and node.child_by_field_name("alternative") is None


RULES = (TreeRule(("go",), ("if_statement",), _check), TreeRule(("go",), ("call_expression",), _recover))

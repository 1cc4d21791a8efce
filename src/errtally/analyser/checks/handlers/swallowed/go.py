"""Go: `if err != nil {}`, and `recover()` whose value nobody looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, checked_error
from errtally.analyser.syntax.tree import TreeFile, has_comment, is_explained, statements

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
    parent = node.parent
    if callee(node) == "recover" and parent is not None and parent.type == "expression_statement":
        confidence = Confidence.LOW if is_explained(file, node) else Confidence.HIGH
        yield file.hit(node, "A panic is recovered from and dropped.", confidence)


RULES = (TreeRule(("go",), ("if_statement",), _check), TreeRule(("go",), ("call_expression",), _recover))

"""Java: `assert` at the top of a public method, about one of its parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.tree import TreeFile, identifiers, statements, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_MANY = 3
_METHODS = {"method_declaration", "constructor_declaration"}


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    block = node.parent
    method = block.parent if block is not None else None
    if block is None or method is None or method.type not in _METHODS or not _is_public(method):
        return
    # Only at the top of the method is it a check of what was handed in.
    leading = [one for one in statements(block) if one.start_byte < node.start_byte]
    if any(one.type != "assert_statement" for one in leading) or not node.named_child_count:
        return
    names = identifiers(node.named_children[0]) & _parameters(method)
    for name in sorted(names):
        # With a message it is meant for whoever calls; in a file that is full of them the cost of checks counts.
        is_habit = sum(1 for _ in file.nodes("assert_statement")) >= _MANY
        confidence = Confidence.MEDIUM if len(node.named_children) > 1 and not is_habit else Confidence.LOW
        hit = file.hit(node, f"The check of {name!r} is only there when Java runs with -ea.", confidence)
        yield replace(hit, handler=method.start_point[0] + 1)
        return


def _is_public(method: Node) -> bool:
    modifiers = next((child for child in method.children if child.type == "modifiers"), None)
    return "public" in text(modifiers).split()


def _parameters(method: Node) -> set[str]:
    given = method.child_by_field_name("parameters")
    found = given.named_children if given is not None else []
    return {text(one.child_by_field_name("name")) for one in found if one.type == "formal_parameter"}


RULES = (TreeRule(("java",), ("assert_statement",), _find),)

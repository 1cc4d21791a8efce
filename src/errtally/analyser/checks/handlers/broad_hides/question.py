"""Java and JavaScript: a whole `try` that is a question, which an error answers with no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.syntax.tree import statements, text, walk_scope

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from tree_sitter import Node


def answers_a_question(tried: Node | None, body: Node, comparing: AbstractSet[str]) -> bool:
    """Return whether the block returns what it compares, and the handler yes or no.

    `true` alone is no such question: it says that something was done.

    Args:
        tried: the block of the `try`; None where the source is broken.
        body: the handler's.
        comparing: the language's operators whose result is yes or no.
    """
    if tried is None or [_returned(one).type for one in statements(body)] not in (["false"], ["true"]):
        return False
    returned = [_returned(child) for child in walk_scope(tried) if child.type == "return_statement"]
    operators = [text(value.child_by_field_name("operator")) for value in returned]
    return not comparing.isdisjoint(operators)


def _returned(statement: Node) -> Node:
    """What a statement returns; itself when that is nothing."""
    is_return = statement.type == "return_statement" and statement.named_child_count
    return statement.named_children[0] if is_return else statement

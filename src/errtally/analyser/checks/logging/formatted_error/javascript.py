"""JavaScript: a logger's message made of a template or `+` with the error in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import log_level, parameter
from errtally.analyser.syntax.tree import TreeFile, arguments, identifiers, text, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if log_level(node) not in {"error", "critical"}:
        return
    catch = within(node, {"catch_clause"})
    name, given = parameter(catch) if catch is not None else "", arguments(node)
    if not name or not given or given[0].type not in {"template_string", "binary_expression"}:
        return
    # A further argument with the error, or with its stack, keeps what the message loses.
    if name not in identifiers(given[0]) or any(name in identifiers(one) for one in given[1:]) or "stack" in text(node):
        return
    is_thrown = catch is not None and any(child.type == "throw_statement" for child in walk(catch))
    message = f"{name!r} is formatted into the message, without its stack."
    yield file.hit(node, message, Confidence.LOW if is_thrown else None)


RULES = (TreeRule(JAVASCRIPT, ("call_expression",), _find),)

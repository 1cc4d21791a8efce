"""JavaScript: a logger's message made of a template or `+` with the error in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import log_level, parameter
from errtally.analyser.syntax.tree import TreeFile, arguments, has_ancestor, identifiers, text, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if log_level(node) not in {"error", "critical"}:
        return
    catch = within(node, {"catch_clause"})
    name, given = parameter(catch) if catch is not None else "", arguments(node)
    if catch is None or not name or not given or not _is_text(given[0], name):
        return
    # A further argument with the error, or with its stack, keeps what the message loses.
    if name not in identifiers(given[0]) or any(name in identifiers(one) for one in given[1:]) or "stack" in text(node):
        return
    is_thrown = any(child.type == "throw_statement" for child in walk(catch))
    message = f"{name!r} is formatted into the message, without its stack."
    hit = file.hit(node, message, Confidence.LOW if is_thrown or _hands_over(catch, node, name) else None)
    yield replace(hit, handler=catch.start_point[0] + 1)


def _hands_over(catch: Node, call: Node, name: str) -> bool:
    """Whether something else than this record takes the error, as a callback or another record with its stack."""
    return any(
        child.type == "call_expression"
        and child.start_byte != call.start_byte
        and not has_ancestor(child, call)
        and any(name in identifiers(one) for one in arguments(child))
        for child in walk(catch)
    )


def _is_text(message: Node, name: str) -> bool:
    """Whether a message is a template or a sum, or `e.message` alone."""
    return message.type in {"template_string", "binary_expression"} or text(message) == f"{name}.message"


RULES = (TreeRule(JAVASCRIPT, ("call_expression",), _find),)

"""Go: `if err != nil { log.Println("failed") }` without the error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import checked_error, log_level, only_parsed, origin_arguments
from errtally.analyser.syntax.tree import TreeFile, identifiers, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    level = log_level(node)
    if level not in {"error", "critical", "warning", "info"}:
        return
    above = within(node, {"if_statement"})
    error = checked_error(above) if above is not None else ""
    body = above.child_by_field_name("consequence") if above is not None else None
    if above is None or not error or body is None or error in identifiers(body) or node.start_byte > body.end_byte:
        return
    # A text that is wrong, and that the log tells: the error says no more.
    tried = origin_arguments(above, error)
    is_told = only_parsed(above, error) and bool(tried & identifiers(node))
    hit = file.hit(node, f"The log does not hold {error!r}.", Confidence.LOW if is_told else None)
    yield replace(hit, handler=above.start_point[0] + 1)


RULES = (TreeRule(("go",), ("call_expression",), _find),)

"""JavaScript: `logger.error("failed")` in a `catch` that never mentions its error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import callee, is_console, log_level, method, only_parses, parameter
from errtally.analyser.syntax.tree import TreeFile, identifiers, walk_scope, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    is_error = log_level(node) in {"error", "critical"} or (is_console(node) and method(node) == "error")
    catch = within(node, {"catch_clause"}) if is_error else None
    body = catch.child_by_field_name("body") if catch is not None else None
    if catch is None or body is None:
        return
    name = parameter(catch)
    if catch.child_by_field_name("parameter") is not None and (not name or name in identifiers(body)):
        return
    if any(child.type == "throw_statement" for child in walk_scope(body)):
        return
    # That a module is not installed is what the failure of `require` means.
    tried = catch.parent.child_by_field_name("body") if catch.parent is not None else None
    is_require = tried is not None and any(
        child.type == "call_expression" and callee(child) in {"require", "require.resolve", "import"}
        for child in walk_scope(tried)
    )
    is_low = is_require or only_parses(catch)
    hit = file.hit(node, "The log does not hold the error.", Confidence.LOW if is_low else None)
    yield replace(hit, handler=catch.start_point[0] + 1)


RULES = (TreeRule(JAVASCRIPT, ("call_expression",), _find),)

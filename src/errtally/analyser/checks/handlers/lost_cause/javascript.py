"""JavaScript: `throw new Error(...)` inside of a `catch`, with neither `cause` nor the error itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import callee, only_parses, parameter
from errtally.analyser.syntax.tree import TreeFile, identifiers, is_explained, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    catch = within(node, {"catch_clause"})
    value = node.named_children[0] if node.named_child_count else None
    if catch is None or value is None or value.type != "new_expression":
        return
    name, body = parameter(catch), catch.child_by_field_name("body")
    if catch.child_by_field_name("parameter") is not None and not name:
        return  # the error is taken apart
    if name and name in identifiers(value):
        return
    # What looks at the error before it throws has made something of it.
    is_low = only_parses(catch) or is_explained(file, node) or (bool(name) and name in identifiers(body))
    confidence = Confidence.LOW if is_low else None
    yield file.hit(node, f"new {callee(value) or 'error'} does not hold the error that was caught.", confidence)


RULES = (TreeRule(JAVASCRIPT, ("throw_statement",), _find),)

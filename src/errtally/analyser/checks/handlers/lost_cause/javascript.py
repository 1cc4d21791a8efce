"""JavaScript: `throw new Error(...)` inside of a `catch`, with neither `cause` nor the error itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import callee, method, only_parses, parameter
from errtally.analyser.syntax.tree import TreeFile, identifiers, is_explained, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


_FILE_CHECKS = {"require", "stat", "statSync", "lstat", "lstatSync", "access", "accessSync", "resolve", "join"}


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
    is_low = (
        _looks_for_file(catch)
        or only_parses(catch)
        or is_explained(file, node)
        or (bool(name) and name in identifiers(body))
    )
    confidence = Confidence.LOW if is_low else None
    yield file.hit(node, f"new {callee(value) or 'error'} does not hold the error that was caught.", confidence)


def _looks_for_file(catch: Node) -> bool:
    """Whether the block only asks whether a file is there, and the new error says that it is not."""
    tried = catch.parent.child_by_field_name("body") if catch.parent is not None else None
    called = [method(child) for child in walk(tried) if child.type == "call_expression"] if tried is not None else []
    return bool(called) and set(called) <= _FILE_CHECKS


RULES = (TreeRule(JAVASCRIPT, ("throw_statement",), _find),)

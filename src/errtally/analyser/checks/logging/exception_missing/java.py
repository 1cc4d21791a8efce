"""Java: `log.error("failed")` in a `catch` that never mentions its exception."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import caught, is_meant, log_level, only_reads
from errtally.analyser.syntax.tree import TreeFile, identifiers, walk_scope, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

SPECIFIC = (
    "Interrupted",
    "Timeout",
    "NotFound",
    "NoSuch",
    "NumberFormat",
    "ClassNotFound",
    "EOF",
    "Parse",
    "URISyntax",
)


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if log_level(node) not in {"error", "critical", "warning"}:
        return
    catch = within(node, {"catch_clause"})
    body = catch.child_by_field_name("body") if catch is not None else None
    if catch is None or body is None:
        return
    types, name = caught(catch)
    if name in identifiers(body) or any(child.type == "throw_statement" for child in walk_scope(body)):
        return
    is_specific = all(any(part in kind for part in SPECIFIC) for kind in types)
    tried = catch.parent.child_by_field_name("body") if catch.parent is not None else None
    is_low = is_specific or is_meant(name) or (set(types) == {"IllegalArgumentException"} and only_reads(tried))
    hit = file.hit(node, "The log does not hold the exception.", Confidence.LOW if is_low else None)
    yield replace(hit, handler=catch.start_point[0] + 1)


RULES = (TreeRule(("java",), ("method_invocation",), _find),)

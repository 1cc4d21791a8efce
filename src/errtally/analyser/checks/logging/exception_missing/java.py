"""Java: `log.error("failed")` in a `catch` that never mentions its exception."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import BROAD, caught, is_meant, log_level, only_reads
from errtally.analyser.syntax.tree import TreeFile, arguments, identifiers, statements, text, walk_scope, within

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
    "MalformedURL",
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
    is_low = is_low or _tells_argument(node, tried, types)
    hit = file.hit(node, "The log does not hold the exception.", Confidence.LOW if is_low else None)
    yield replace(hit, handler=catch.start_point[0] + 1)


def _tells_argument(log: Node, tried: Node | None, types: list[str]) -> bool:
    """Whether the log tells the text that could not be read, which is all that is tried."""
    if tried is None or not BROAD.isdisjoint(types):
        return False
    calls = [child for child in walk_scope(tried) if child.type in _CALLS]
    given = {text(one) for call in calls for one in arguments(call) if one.type != "string_literal"}
    told = {text(one) for one in walk_scope(log) if one.type in {"identifier", "method_invocation", "field_access"}}
    is_reading = any(text(call.child_by_field_name("name")).lower().startswith(_READING) for call in calls)
    return is_reading and len(statements(tried)) <= _FEW and bool(given & told)


_CALLS = {"method_invocation", "object_creation_expression"}
_FEW = 2
_READING = ("parse", "decode", "convert", "deserial", "valueof", "canonical", "unmarshal", "readvalue")

RULES = (TreeRule(("java",), ("method_invocation",), _find),)

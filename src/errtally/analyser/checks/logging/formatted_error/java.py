"""Java: `log.error("..." + e)` and `log.error("...", e.getMessage())` without the exception itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.checks.logging.exception_missing.java import SPECIFIC
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import caught, derived, log_level
from errtally.analyser.syntax.tree import TreeFile, arguments, identifiers, text, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if log_level(node) not in {"error", "critical"}:
        return
    catch = within(node, {"catch_clause"})
    if catch is None:
        return
    _, name = caught(catch)
    given = arguments(node)
    if not any(name in identifiers(one) for one in given):
        return
    # `log.error(e)` of log4j takes the exception for the message.
    if len(given) > 1 and any(one.type == "identifier" and text(one) in derived(catch, name) for one in given):
        return
    # `log.error(text, e.getCause())`, of a future say, whose own exception is only a wrapper.
    if any(text(one).startswith(f"{name}.") and text(one).endswith("Cause()") for one in given[1:]):
        return
    types, _ = caught(catch)
    is_specific = all(any(part in kind for part in SPECIFIC) for kind in types)
    is_thrown = is_specific or any(child.type == "throw_statement" for child in walk(catch))
    message = f"Only the text of {name!r} is logged, without its stack trace."
    hit = file.hit(node, message, Confidence.LOW if is_thrown else None)
    yield replace(hit, handler=catch.start_point[0] + 1)


RULES = (TreeRule(("java",), ("method_invocation",), _find),)

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
    types, name = caught(catch)
    given = arguments(node)
    if not any(name in identifiers(one) for one in given):
        return
    # `log.error(e)` of log4j takes the exception for the message.
    if len(given) > 1 and any(one.type == "identifier" and text(one) in derived(catch, name) for one in given):
        return
    # `log.error(text, shown(e))`: what is made of the exception may be the exception.
    if any(one.type == "method_invocation" and _is_handed(one, name) for one in given[-1:]):
        return
    # `log.error(text, e.getCause())`, of a future say, whose own exception is only a wrapper.
    if any(text(one).startswith(f"{name}.") and text(one).endswith("Cause()") for one in given[1:]):
        return
    is_specific = all(any(part in kind for part in SPECIFIC) for kind in types)
    is_thrown = is_specific or any(child.type == "throw_statement" for child in walk(catch))
    # The other branch of a question for the log's level has the exception.
    is_low = is_thrown or _logs_it(catch, name)
    message = f"Only the text of {name!r} is logged, without its stack trace."
    hit = file.hit(node, message, Confidence.LOW if is_low else None)
    yield replace(hit, handler=catch.start_point[0] + 1)


def _is_handed(call: Node, name: str) -> bool:
    """Whether a method that makes no text of it is given the exception itself."""
    called = text(call.child_by_field_name("name"))
    is_text = called in {"format", "valueOf", "toString", "concat"} or "essage" in called or called.startswith("get")
    return not is_text and any(one.type == "identifier" and text(one) == name for one in arguments(call))


def _logs_it(catch: Node, name: str) -> bool:
    """Whether a handler hands the exception to a log in another place."""
    return any(
        child.type == "method_invocation"
        and bool(log_level(child))
        and any(one.type == "identifier" and text(one) == name for one in arguments(child)[1:])
        for child in walk(catch)
    )


RULES = (TreeRule(("java",), ("method_invocation",), _find),)

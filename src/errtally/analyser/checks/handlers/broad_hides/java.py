"""Java: `catch (Exception e)` whose body neither looks at the exception, nor calls anything that tells, nor throws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.checks.handlers.broad_hides.question import answers_a_question
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import BROAD, PROBES, callee, calls, caught, is_meant
from errtally.analyser.syntax.tree import TreeFile, has_comment, identifiers, is_explained, statements, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_EXITS = {"System.exit", "Runtime.getRuntime().halt", "Runtime.getRuntime().exit"}
_PARSERS = {
    "parseInt", "parseLong", "parseDouble", "parse", "valueOf", "decode", "fromString", "getDecoder", "getUrlDecoder",
    "trim", "getBytes", "create", "getProperty", "getenv",
}  # fmt: skip
"""Calls that fail when a text is not what it should be, and what stands beside them."""
_COMPARING = {"==", "!=", "<", ">", "<=", ">=", "!", "&&", "||"}
_TELLING = ("log", "warn", "error", "fail", "report", "print", "handle", "debug", "info", "abort", "exit", "severe")


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    body = node.child_by_field_name("body")
    types, name = caught(node)
    if body is None or not BROAD.intersection(types) or not statements(body) or name in identifiers(body):
        return
    if any(child.type == "throw_statement" for child in walk_scope(body)):
        return
    if [_exits(one) for one in statements(body)] == [True]:
        confidence = Confidence.LOW if has_comment(node) else None
        yield file.hit(node, "Every error is caught, and the program ends without a word about it.", confidence)
        return
    if any(part in call.lower() for call in calls(body) for part in _TELLING):
        return
    # A handler that calls something may do the work in another way; one that only makes up a value can't.
    makes_up = not any(child.type in {"method_invocation", "object_creation_expression"} for child in walk_scope(body))
    block = node.parent
    is_said = has_comment(node) or (
        block is not None and (is_explained(file, block) or has_comment(block.child_by_field_name("body") or body))
    )
    tried = block.child_by_field_name("body") if block is not None else None
    is_probe = not PROBES.isdisjoint(calls(tried)) or _only_parses(tried) or answers_a_question(tried, body, _COMPARING)
    confidence = Confidence.LOW if not makes_up or is_said or is_probe or is_meant(name) else None
    yield file.hit(node, "Every error is caught, and nothing tells which one it was.", confidence)


def _only_parses(tried: Node | None) -> bool:
    """Whether a block does nothing but read a text, whose failure means that it is wrong."""
    found = set(calls(tried))
    return bool(found) and found <= _PARSERS


def _exits(statement: Node) -> bool:
    call = statement.named_children[0] if statement.type == "expression_statement" else None
    return call is not None and call.type == "method_invocation" and callee(call) in _EXITS


RULES = (TreeRule(("java",), ("catch_clause",), _find),)

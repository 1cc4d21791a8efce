"""Go: `if err != nil { return nil }` in a function that returns an error, with nothing that tells of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, checked_error, only_parsed, origin, writes_to_peer
from errtally.analyser.syntax.tree import (
    TreeFile,
    ancestors,
    has_comment,
    identifiers,
    is_explained,
    is_linted,
    statements,
    text,
    walk_scope,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_FUNCTIONS = {"function_declaration", "method_declaration", "func_literal"}
_ASKING = (
    "stat",
    "exist",
    "lookup",
    "find",
    "get",
    "has",
    "is",
    "open",
    "detect",
    "try",
    "check",
    "walk",
    "read",
    "compare",
)
"""How functions begin whose error is often the answer that there is nothing."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    error, body = checked_error(node), node.child_by_field_name("consequence")
    found = statements(body)
    if not error or body is None or len(found) != 1:
        return
    if found[0].type == "expression_statement" and callee(found[0].named_children[0]) == "os.Exit":
        is_low = has_comment(body) or is_explained(file, node) or _is_command(node, error)
        confidence = Confidence.LOW if is_low else Confidence.MEDIUM
        yield file.hit(node, f"The program ends without a word about {error}.", confidence)
        return
    if found[0].type != "return_statement":
        return
    if node.child_by_field_name("alternative") is not None or error in identifiers(body):
        return
    values = found[0].named_children[0].named_children if found[0].named_child_count else []
    if not values or text(values[-1]) != "nil" or any(child.type == "call_expression" for child in walk_scope(body)):
        return
    function = next((above for above in ancestors(node) if above.type in _FUNCTIONS), None)
    if function is None or not _returns_error(function):
        return
    called = origin(node, error).rsplit(".", 1)[-1].lower()
    is_low = not called or called.startswith(_ASKING) or only_parsed(node, error)
    is_said = has_comment(body) or is_explained(file, node) or any(is_linted(file, one) for one in (node, found[0]))
    is_said = is_said or _is_answer(node)
    message = f"{error} is there, and the caller is told that there is none."
    yield file.hit(node, message, Confidence.LOW if is_low or is_said else Confidence.MEDIUM)


def _is_command(node: Node, error: str) -> bool:
    """Whether what failed is a command of cobra or the like, which says itself what went wrong."""
    return origin(node, error).rsplit(".", 1)[-1] in {"Execute", "ExecuteContext", "ExecuteC"}


def _is_answer(node: Node) -> bool:
    """Whether what failed was to write to a peer of HTTP, who is gone: then there is nothing to be told."""
    tried = node.child_by_field_name("initializer") or node.prev_named_sibling
    return tried is not None and any(
        child.type == "call_expression" and writes_to_peer(child) for child in walk_scope(tried)
    )


def _returns_error(function: Node) -> bool:
    result = function.child_by_field_name("result")
    if result is None or result.type != "parameter_list":
        return text(result) == "error"
    last = result.named_children[-1] if result.named_child_count else None
    return last is not None and text(last.child_by_field_name("type") or last) == "error"


RULES = (TreeRule(("go",), ("if_statement",), _find),)

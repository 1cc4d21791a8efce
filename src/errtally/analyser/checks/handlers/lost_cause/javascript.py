"""JavaScript: an error is thrown, or a promise rejected with one, that does not hold the error that was caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import FUNCTIONS, callee, method, only_parses, parameter
from errtally.analyser.syntax.tree import (
    TreeFile,
    ancestors,
    arguments,
    has_ancestor,
    identifiers,
    is_explained,
    text,
    walk,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


_FILE_CHECKS = {"require", "stat", "statSync", "lstat", "lstatSync", "access", "accessSync", "resolve", "join"}
_TEXTS = {"message", "toString", "name", "stack"}
"""Members of an error that are text, or make one."""
_ANSWERS = (
    "Authentication", "Authorization", "Forbidden", "Unauthorized", "NotFound", "BadRequest", "InvalidRequest",
    "Validation", "BadUserInput", "UserInput",
)  # fmt: skip
"""Parts of names of errors that are an answer to whoever asked, who is not to know why."""
_REJECTING = {"Promise.reject", "reject"}
_TEXT_KINDS = {"binary_expression", "template_substitution", "template_string"}


def _throw(file: TreeFile, node: Node) -> Iterator[Hit]:
    value = node.named_children[0] if node.named_child_count else None
    if value is not None:
        yield from _check(file, node, value)


def _reject(file: TreeFile, node: Node) -> Iterator[Hit]:
    given = arguments(node)
    if callee(node) in _REJECTING and len(given) == 1:
        yield from _check(file, node, given[0])


def _check(file: TreeFile, node: Node, value: Node) -> Iterator[Hit]:
    if not _makes_error(value) or (handler := _handler(node)) is None:
        return
    name, body = _name(handler), handler.child_by_field_name("body")
    if name is None:
        return  # the error is taken apart
    if name and _keeps(value, name):
        return
    # What looks at the error before it throws has made something of it.
    elsewhere = bool(name) and body is not None and _looks(body, value, name)
    is_low = (
        elsewhere
        or is_explained(file, node)
        or name.startswith(("_", "ignore", "unused"))
        or any(word in callee(value) for word in _ANSWERS)
        or (handler.type == "catch_clause" and (_looks_for_file(handler) or only_parses(handler)))
        or (bool(name) and name in identifiers(value) and not callee(value).endswith("Error"))
    )
    confidence = Confidence.LOW if is_low else None
    yield file.hit(node, f"new {callee(value) or 'error'} does not hold the error that was caught.", confidence)


def _makes_error(value: Node) -> bool:
    """Whether an expression is `new E(...)`, or a call such as `Error(...)` that makes an error without `new`."""
    if value.type == "new_expression":
        return True
    last = callee(value).rsplit(".", 1)[-1] if value.type == "call_expression" else ""
    return last[:1].isupper() and last.endswith("Error")


def _handler(node: Node) -> Node | None:
    """The `catch` around a node, or the function handed to `.catch()`, or to `.then()` as its second argument."""
    if (catch := within(node, {"catch_clause"})) is not None:
        return catch
    function = next((above for above in ancestors(node) if above.type in FUNCTIONS), None)
    call = function.parent.parent if function is not None and function.parent is not None else None
    if function is None or call is None or call.type != "call_expression":
        return None
    given = arguments(call)
    position = {"catch": 0, "then": 1}.get(method(call))
    return function if position is not None and len(given) > position and given[position] == function else None


def _name(handler: Node) -> str | None:
    """The name that a handler gives the error, "" when it gives none, None when it takes the error apart."""
    if handler.type == "catch_clause":
        name = parameter(handler)
        return None if handler.child_by_field_name("parameter") is not None and not name else name
    found = handler.child_by_field_name("parameter") or handler.child_by_field_name("parameters")
    if found is not None and found.type == "formal_parameters":
        found = found.named_children[0] if found.named_child_count else None
    if found is not None and found.type in {"required_parameter", "optional_parameter"}:
        found = found.child_by_field_name("pattern")
    if found is None:
        return ""
    return text(found) if found.type == "identifier" else None


def _keeps(value: Node, name: str) -> bool:
    """Whether the new error is given the old one, and not only its text."""
    for child in walk(value):
        if child.type == "shorthand_property_identifier" and text(child) == name:
            return True
        if child.type != "identifier" or text(child) != name or child.parent is None:
            continue
        node, parent = child, child.parent
        while parent.type in {"as_expression", "parenthesized_expression", "non_null_expression"} and parent.parent:
            node, parent = parent, parent.parent
        if parent.type == "member_expression":
            if text(parent.child_by_field_name("property")) not in _TEXTS:
                return True
            node, parent = parent, parent.parent or parent
            if parent.type == "call_expression":
                parent = parent.parent or parent
            if parent.type not in _TEXT_KINDS and parent.parent != value:
                return True
        elif parent.type not in _TEXT_KINDS and not _is_made_text(node):
            return True
    return False


def _is_made_text(node: Node) -> bool:
    """Whether a name is the argument of `String(...)` or `util.inspect(...)`."""
    call = node.parent.parent if node.parent is not None else None
    return call is not None and call.type == "call_expression" and callee(call) in {"String", "JSON.stringify"}


def _looks(body: Node, value: Node, name: str) -> bool:
    """Whether a handler mentions the error anywhere but in the new one."""
    return any(
        child.type in {"identifier", "shorthand_property_identifier"}
        and text(child) == name
        and not has_ancestor(child, value)
        for child in walk(body)
    )


def _looks_for_file(catch: Node) -> bool:
    """Whether the block only asks whether a file is there, and the new error says that it is not."""
    tried = catch.parent.child_by_field_name("body") if catch.parent is not None else None
    called = [method(child) for child in walk(tried) if child.type == "call_expression"] if tried is not None else []
    return bool(called) and set(called) <= _FILE_CHECKS


RULES = (TreeRule(JAVASCRIPT, ("throw_statement",), _throw), TreeRule(JAVASCRIPT, ("call_expression",), _reject))

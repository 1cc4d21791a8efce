"""JavaScript and TypeScript: a `catch` that makes up a value, and neither looks at the error nor calls anything.

JavaScript has no other catch than one for everything, so what counts is that nothing tells of the error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.checks.handlers.broad_hides.question import answers_a_question
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.browser import is_browser
from errtally.analyser.syntax.javascript import FUNCTIONS, callee, function_name, method, only_parses, parameter
from errtally.analyser.syntax.tree import (
    TreeFile,
    ancestors,
    arguments,
    has_comment,
    identifiers,
    is_explained,
    statements,
    text,
    walk,
    walk_scope,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_MESSAGE = "Every error is caught, and nothing tells which one it was."
_DOES = frozenset({"call_expression", "new_expression", "throw_statement", "await_expression", "yield_expression"})
_ASKING = ("is", "has", "can", "exist", "support", "valid", "test", "check", "detect", "try", "safe", "parse", "get")
"""How functions begin whose answer may be that it does not work."""
_PREDICATES = {"filter", "some", "every", "find", "findIndex"}
"""Methods whose function answers a question."""
_DETECTS = {
    "require", "require.resolve", "import", "fs.statSync", "fs.accessSync", "fs.existsSync", "fs.lstatSync", "statSync",
    "accessSync", "stat", "access", "fs.stat", "fs.access", "fs.promises.stat", "fs.promises.access", "lstat",
    "import.meta.resolve", "resolve", "eval", "Function", "JSON.stringify", "localStorage.getItem", "fs.readlinkSync",
}  # fmt: skip
"""Calls by whose failure code finds out what there is."""
_COMPARING = {"===", "==", "!==", "!=", "<", ">", "<=", ">=", "!", "instanceof", "in"}


def _catch(file: TreeFile, node: Node) -> Iterator[Hit]:
    body, block = node.child_by_field_name("body"), node.parent
    if body is None or block is None or not statements(body):
        return
    if [_exits(one) for one in statements(body)] == [True]:
        confidence = Confidence.LOW if has_comment(body) else Confidence.MEDIUM
        yield file.hit(node, "Every error is caught, and the program ends without a word about it.", confidence)
        return
    if _tells(body) or (node.child_by_field_name("parameter") is not None and _looks(node, body)):
        return
    is_said = (
        parameter(node).lower().startswith(("unused", "ignore", "_"))
        or has_comment(body)
        or is_explained(file, block)
        or is_explained(file, node)
    )
    tried = block.child_by_field_name("body")
    is_said = is_said or (tried is not None and has_comment(tried))
    is_low = (
        is_said
        or is_browser(file)
        or only_parses(node)
        or _detects(block)
        or _asks(node)
        or answers_a_question(tried, body, _COMPARING)
        or _goes_on(body)
    )
    yield file.hit(node, _MESSAGE, Confidence.LOW if is_low else Confidence.MEDIUM)


def _exits(statement: Node) -> bool:
    call = statement.named_children[0] if statement.type == "expression_statement" else None
    return (
        call is not None
        and call.type == "call_expression"
        and callee(call) == "process.exit"
        and not any(one.type == "identifier" for one in arguments(call))
    )


def _tells(body: Node) -> bool:
    """Whether a handler does anything but make up a value: calls, throws, counts, notes that something failed."""
    for child in walk_scope(body):
        if child.type in _DOES or child.type == "update_expression":
            return True
        if child.type in {"identifier", "property_identifier"} and any(
            word in text(child).lower() for word in ("err", "fail", "invalid", "unavailable", "broken")
        ):
            return True
    return False


def _goes_on(body: Node) -> bool:
    """Whether a handler only goes on to the next of a list, where one that works is looked for."""
    return all(one.type == "continue_statement" for one in statements(body))


def _looks(catch: Node, body: Node) -> bool:
    name = parameter(catch)
    # An error that is taken apart is looked at.
    return not name or name in identifiers(body)


def _detects(block: Node) -> bool:
    tried = block.child_by_field_name("body")
    called = {callee(child) for child in walk(tried or block) if child.type in {"call_expression", "new_expression"}}
    # `new Blob()` alone, or a call of nothing with a name, asks whether the platform has it.
    made = {callee(child) for child in walk(tried or block) if child.type == "new_expression"}
    return not called or bool(called & _DETECTS) or called == made


def _asks(node: Node) -> bool:
    """Whether the function around asks whether something is so."""
    for above in ancestors(node):
        if above.type in FUNCTIONS:
            call = above.parent.parent if above.parent is not None else None
            if call is not None and call.type == "call_expression" and method(call) in _PREDICATES:
                return True
            return function_name(above).lower().startswith(_ASKING)
    return False


def _promise(file: TreeFile, node: Node) -> Iterator[Hit]:
    given = arguments(node)
    if method(node) != "catch" or len(given) != 1 or given[0].type != "arrow_function":
        return
    body = given[0].child_by_field_name("body")
    if body is None or body.type not in {"null", "false", "array", "object"}:
        return
    parameters = given[0].child_by_field_name("parameters") or given[0].child_by_field_name("parameter")
    if parameters is not None and identifiers(parameters) & identifiers(body):
        return
    function = node.child_by_field_name("function")
    promise = function.child_by_field_name("object") if function is not None else None
    is_detected = promise is not None and promise.type == "call_expression" and callee(promise) in _DETECTS
    # A promise with a name is often silenced here because its error is taken somewhere else.
    is_kept = promise is not None and promise.type != "call_expression"
    is_low = is_detected or is_kept or is_browser(file) or _asks(node) or is_explained(file, node) or has_comment(node)
    is_low = is_low or _is_looked_at(node) or _answers_yes(promise)
    yield file.hit(given[0], _MESSAGE, Confidence.LOW if is_low else Confidence.MEDIUM)


def _answers_yes(promise: Node | None) -> bool:
    """Whether a promise only says yes: `access(p).then(() => true)`."""
    if promise is None or promise.type != "call_expression" or method(promise) != "then":
        return False
    function = arguments(promise)[0] if len(arguments(promise)) == 1 else None
    return function is not None and text(function.child_by_field_name("body")) in {"true", "false"}


def _is_looked_at(call: Node) -> bool:
    """Whether the next thing is to ask whether there is a value: `if (!found)`, `found?.exists`, `found ?? other`."""
    declared = within(call, {"variable_declarator"})
    statement = declared.parent if declared is not None else None
    after = statement.next_named_sibling if statement is not None else None
    name = text(declared.child_by_field_name("name")) if declared is not None else ""
    if after is None or not name.isidentifier():
        return False
    asked = after.child_by_field_name("condition") if after.type == "if_statement" else after
    return (
        re.search(rf"!\s*{name}\b|\b{name}\s*(?:\?\.|\?\?|[!=]==?\s*(?:null|undefined))|\(\s*{name}\s*\)", text(asked))
        is not None
    )


RULES = (TreeRule(JAVASCRIPT, ("catch_clause",), _catch), TreeRule(JAVASCRIPT, ("call_expression",), _promise))

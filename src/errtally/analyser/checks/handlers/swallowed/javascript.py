"""JavaScript and TypeScript: an empty `catch`, and `.catch(() => {})`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.browser import is_browser
from errtally.analyser.syntax.javascript import callee, method, only_parses
from errtally.analyser.syntax.tree import (
    TreeFile,
    ancestors,
    arguments,
    has_comment,
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

_NOTHING = {"noop", "Function.prototype", "nop", "doNothing"}
_HARMLESS = {
    "require",
    "close",
    "abort",
    "cancel",
    "destroy",
    "kill",
    "unlink",
    "unlinkSync",
    "rm",
    "rmSync",
    "releaseLock",
    "end",
    "unref",
    "cleanup",
    "disconnect",
    "quit",
    "logout",
    "terminate",
    "localStorage",
    "sessionStorage",
    "removeChild",
    "setRequestHeader",
    "focus",
}
"""Feature detection and clean-up: calls after whose failure there is often nothing left to do."""
_CLEANUP = re.compile(
    r"_?(?:close|end|stop|remove|release|destroy|dispose|cancel|abort|unsubscribe|free|unlock|terminate|kill|shutdown|"
    r"cleanup|disconnect|detach|unregister|delete|clear|leave|teardown|unlink|unmount|revoke)(?![a-z])"
)
"""How the names of such functions begin: `endSession`, `removeFunction`."""


def _catch(file: TreeFile, node: Node) -> Iterator[Hit]:
    body, block = node.child_by_field_name("body"), node.parent
    if body is None or block is None or statements(body):
        return
    tried = block.child_by_field_name("body")
    confidence = Confidence.MEDIUM
    # An error during the clean-up after another one gives way to that.
    outer = within(block, {"catch_clause"})
    is_said = (
        has_comment(body)
        or is_explained(file, block)
        or is_explained(file, node)
        or (tried is not None and _has_default(tried))
    )
    is_said = is_said or (tried is not None and _is_told(file, tried))
    if outer is not None or is_said or tried is None or _is_harmless(tried) or _leaves(tried) or only_parses(node):
        confidence = Confidence.LOW
    yield file.hit(node, "The error is caught and dropped.", confidence)


def _statement(node: Node) -> Node:
    """The statement that a node stands in."""
    return next((above for above in ancestors(node) if above.type.endswith(("_statement", "_declaration"))), node)


def _is_told(file: TreeFile, tried: Node) -> bool:
    """Whether all that is tried is to wait for a function of the file that handles its errors itself."""
    waited = [child for child in walk_scope(tried) if child.type == "await_expression"]
    calls = [child for child in walk_scope(tried) if child.type == "call_expression"]
    made = _functions(file).get(callee(calls[0]).removeprefix("this.")) if len(calls) == 1 == len(waited) else None
    handlers = [child for child in walk(made) if child.type == "catch_clause"] if made is not None else []
    return any(statements(one.child_by_field_name("body")) for one in handlers)


def _has_default(tried: Node) -> bool:
    """Whether a block only sets one thing, which then keeps the value that it had before."""
    found = [one for one in statements(tried) if one.type != "variable_declaration"]
    inner = found[0].named_children[0] if len(found) == 1 and found[0].named_child_count else None
    return inner is not None and inner.type == "assignment_expression"


def _leaves(tried: Node) -> bool:
    """Whether success returns, so that what follows is what happens after the error."""
    return any(
        child.type in {"return_statement", "break_statement", "continue_statement"} for child in walk_scope(tried)
    )


def _is_harmless(tried: Node) -> bool:
    names = {
        part
        for child in walk_scope(tried)
        if child.type in {"call_expression", "new_expression"}
        for part in callee(child).split(".")
    }
    if names & _HARMLESS or not names:
        return True
    calls = [child for child in walk_scope(tried) if child.type == "call_expression"]
    return len(statements(tried)) == 1 and any(_CLEANUP.match(method(call)) for call in calls)


def _promise(file: TreeFile, node: Node) -> Iterator[Hit]:
    if method(node) != "catch":
        return
    given = arguments(node)
    if len(given) != 1 or not _does_nothing(file, given[0]):
        return
    function = node.child_by_field_name("function")
    promise = function.child_by_field_name("object") if function is not None else None
    # What is chained after the catch is meant to run in either case.
    goes_on = node.parent is not None and node.parent.type == "member_expression"
    # A promise with a name is often silenced here because its error is taken somewhere else.
    is_kept = promise is not None and _before_finally(promise).type == "identifier"
    is_said = is_kept or has_comment(node) or is_explained(file, _statement(node))
    is_low = goes_on or is_said or is_browser(file) or (promise is not None and _is_harmless_call(promise))
    confidence = Confidence.LOW if is_low else Confidence.MEDIUM
    yield file.hit(given[0], "The promise's rejection is caught and dropped.", confidence)


def _before_finally(promise: Node) -> Node:
    """What `finally` is called on, which passes the rejection on."""
    while promise.type == "call_expression" and method(promise) == "finally":
        function = promise.child_by_field_name("function")
        inner = function.child_by_field_name("object") if function is not None else None
        if inner is None:
            return promise
        promise = inner
    return promise


def _does_nothing(file: TreeFile, handler: Node) -> bool:
    """Whether a handler is an empty function, written here, or called `noop` as everybody calls it."""
    if handler.type in {"identifier", "member_expression"}:
        name = text(handler)
        if name in _NOTHING or name.endswith((".noop", ".default.noop")):
            return True
        made = _functions(file).get(name)
        return made is not None and _is_empty(made)
    return handler.type in {"arrow_function", "function_expression"} and _is_empty(handler)


def _is_empty(function: Node) -> bool:
    body = function.child_by_field_name("body")
    if body is None:
        return False
    if body.type != "statement_block":
        return text(body) in {"undefined", "void 0"}
    return not statements(body)


def _functions(file: TreeFile) -> dict[str, Node]:
    """The functions that the file declares, by name."""
    if (known := file.memory.get("functions")) is not None:
        return known  # type: ignore[return-value]
    found: dict[str, Node] = {}
    for node in walk(file.root):
        value = node.child_by_field_name("value") if node.type == "variable_declarator" else node
        if value is not None and value.type in {"function_declaration", "arrow_function", "function_expression"}:
            found.setdefault(text(node.child_by_field_name("name")), value)
    file.memory["functions"] = found
    return found


def _is_harmless_call(promise: Node) -> bool:
    return promise.type == "call_expression" and (
        method(promise) in _HARMLESS or _CLEANUP.match(method(promise)) is not None
    )


RULES = (
    TreeRule(JAVASCRIPT, ("catch_clause",), _catch),
    TreeRule(JAVASCRIPT, ("call_expression",), _promise),
)

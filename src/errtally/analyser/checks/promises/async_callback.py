"""`promises/async-callback`: an async function is handed to something that does not look at its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.javascript import is_async, method
from errtally.analyser.syntax.javascript_imports import called, imports
from errtally.analyser.syntax.javascript_promises import handles_itself
from errtally.analyser.syntax.tree import TreeFile, arguments, is_explained, string_value, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_TIMERS = {"setTimeout", "setInterval", "setImmediate", "process.nextTick", "queueMicrotask"}
_LISTENING = {"on", "once", "addListener", "prependListener", "addEventListener"}
_ROUTING = {"get", "post", "put", "patch", "delete", "all", "use"}
_WRAPPERS = {"express-async-errors", "express-promise-router", "express-async-router"}
"""Packages that make Express 4 take rejections."""


def _call(file: TreeFile, node: Node) -> Iterator[Hit]:
    given = arguments(node)
    name = called(file, node)
    if name in _TIMERS:
        yield from _report(file, node, given[:1], f"{name} drops the rejection of its async function.")
    elif method(node) in _LISTENING and len(given) > 1 and (event := string_value(given[0])) is not None:
        message = f"Nobody takes a rejection of the async listener of {event!r}."
        # At the end of a process there is nobody left to tell; a page's visitor has a console.
        is_low = event.startswith("SIG") or method(node) == "addEventListener" or event in {"exit", "beforeExit"}
        yield from _report(file, node, given[1:2], message, is_low=is_low)
    elif method(node) in _ROUTING and given[1:] and string_value(given[0]) is not None and _is_express(file):
        yield from _report(file, node, given[1:], "Express 4 does not take a rejection of its async handler.")


def _is_express(file: TreeFile) -> bool:
    modules = {module for module, _ in imports(file).values()}
    return "express" in modules and not modules & _WRAPPERS


def _new(file: TreeFile, node: Node) -> Iterator[Hit]:
    if text(node.child_by_field_name("constructor")) == "Promise":
        message = "What an async executor throws does not reject the promise, which then waits for ever."
        yield from _report(file, node, arguments(node)[:1], message)


def _report(file: TreeFile, node: Node, given: list[Node], message: str, *, is_low: bool = False) -> Iterator[Hit]:
    for function in given:
        if function.type not in {"arrow_function", "function_expression"} or not is_async(function):
            continue
        if not handles_itself(function):
            yield file.hit(function, message, Confidence.LOW if is_low or is_explained(file, node) else None)


CHECK = Check(
    name="promises/async-callback",
    cwe=248,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="async function as a callback",
    why="Who calls it drops its promise, so an error in it goes past every handler around and ends a Node.js process.",
    instead="Catch within the function, or hand over one that is not async and ends in `.catch(report)`.",
    rules=(TreeRule(JAVASCRIPT, ("call_expression",), _call), TreeRule(JAVASCRIPT, ("new_expression",), _new)),
    is_for_services=True,
)

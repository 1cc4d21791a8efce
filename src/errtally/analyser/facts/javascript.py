"""Facts of JavaScript and TypeScript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import Library, initialises, library, library_of_module
from errtally.analyser.syntax.javascript import callee, imported_modules, is_console, libraries, log_level
from errtally.analyser.syntax.javascript_imports import origin, resolved
from errtally.analyser.syntax.tree import TreeFile, arguments, statements, string_value, text, within

if TYPE_CHECKING:
    from tree_sitter import Node

    from errtally.analyser.model import Facts

KINDS = (
    "program", "try_statement", "catch_clause", "throw_statement", "call_expression", "new_expression",
    "import_statement", "assignment_expression",
)  # fmt: skip
_CAPTURES = {"captureException", "captureMessage", "captureEvent", "notify"}
_UNCAUGHT = {"uncaughtException", "unhandledRejection", "error", "unhandledrejection"}
_LISTENING = {
    "process.on", "process.once", "process.addListener", "process.prependListener", "window.addEventListener",
    "self.addEventListener",
}  # fmt: skip
_ERROR_MIDDLEWARE_PARAMETERS = 4
"""Express tells a handler of errors by its four parameters."""


def collect(file: TreeFile, node: Node, facts: Facts) -> None:
    """Count what one node does."""
    line = node.start_point[0] + 1
    match node.type:
        case "program":
            for name, at in imported_modules(file, with_types=False):
                library = library_of_module("javascript", name.removeprefix("node:"))
                if library is not None:
                    facts.add(library.part, library.name, file.path, at)
                    if library.is_structured:
                        facts.add("structured", library.name)
        case "try_statement":
            facts.add("handling", "try_blocks")
        case "catch_clause":
            facts.add("handling", "handlers")
            facts.add("caught", "(everything)")
            if not statements(node.child_by_field_name("body")):
                facts.add("handling", "generic_catches")
        case "throw_statement":
            value = node.named_children[0] if node.named_child_count else None
            is_new = value is not None and value.type == "new_expression"
            facts.add("raised", callee(value) or "(computed)" if is_new and value is not None else "(again)")
        case "call_expression" | "new_expression":
            _call(file, node, facts)
        case "assignment_expression":
            target = text(node.child_by_field_name("left"))
            if target in {"window.onerror", "window.onunhandledrejection", "self.onerror", "app.config.errorHandler"}:
                facts.add("global_handler", target, file.path, line)


def _call(file: TreeFile, node: Node, facts: Facts) -> None:
    name, line = callee(node), node.start_point[0] + 1
    last = name.rsplit(".", 1)[-1]
    if level := log_level(node):
        facts.add("level", level)
        given = arguments(node)
        facts.add("log_style", "structured" if any(one.type == "object" for one in given) else "text")
        if within(node, {"catch_clause"}) is not None:
            facts.add("reported", "logger")
    elif is_console(node):
        facts.add("console", name)
    elif last in _CAPTURES and name != last and (last != "notify" or "bugsnag" in name.lower()):
        facts.add("reported", name)
    if (tracker := _initialised(file, node)) is not None:
        facts.add("tracker_init", tracker.name, file.path, line)
    if name in _LISTENING:
        event = string_value(arguments(node)[0]) if arguments(node) else None
        if event in _UNCAUGHT and (event != "error" or not name.startswith("process")):
            facts.add("global_handler", f"{name} {event}", file.path, line)
    if last == "setErrorHandler" or (last in {"use", "useGlobalFilters"} and _is_error_middleware(node)):
        facts.add("global_handler", name, file.path, line)
    is_server = any(library.part == "server" for library in libraries(file))
    if last == "listen" and name != last and is_server:
        facts.add("entry", name, file.path, line)


_GLOBALS = {"Sentry.init": "sentry", "Bugsnag.start": "bugsnag", "Honeybadger.configure": "honeybadger"}
"""What a script of a page calls that another script has brought."""


def _initialised(file: TreeFile, call: Node) -> Library | None:
    function = call.child_by_field_name("function") or call.child_by_field_name("constructor")
    found = origin(file, function)
    if found is None:
        return library(_GLOBALS.get(resolved(file, function), ""))
    tracker = initialises("javascript", *found)
    # The default export of Astro's is an integration, which takes the DSN.
    if tracker is None and found == ("@sentry/astro", ""):
        return library("sentry")
    return tracker


def _is_error_middleware(call: Node) -> bool:
    for argument in arguments(call):
        parameters = argument.child_by_field_name("parameters")
        if parameters is not None and parameters.named_child_count == _ERROR_MIDDLEWARE_PARAMETERS:
            return True
        if argument.type == "identifier" and "err" in text(argument).lower():
            return True
    return callee(call).endswith("useGlobalFilters")

"""Facts of Java."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import initialises, library_of_module
from errtally.analyser.syntax.java import BROAD, callee, caught, imported, log_level, resolved
from errtally.analyser.syntax.tree import TreeFile, statements, text, within

if TYPE_CHECKING:
    from tree_sitter import Node

    from errtally.analyser.model import Facts

KINDS = (
    "program", "try_statement", "try_with_resources_statement", "catch_clause", "throw_statement", "method_invocation",
    "import_declaration", "object_creation_expression", "method_declaration", "marker_annotation", "annotation",
)  # fmt: skip
_CAPTURES = {"Sentry.captureException", "Sentry.captureMessage", "rollbar.error", "bugsnag.notify", "Bugsnag.notify"}


def collect(file: TreeFile, node: Node, facts: Facts) -> None:
    """Count what one node does."""
    line = node.start_point[0] + 1
    match node.type:
        case "program":
            _imports(file, facts)
        case "try_statement" | "try_with_resources_statement":
            facts.add("handling", "try_blocks")
        case "catch_clause":
            facts.add("handling", "handlers")
            types, _ = caught(node)
            for kind in types:
                facts.add("caught", kind)
            if BROAD.intersection(types) and not statements(node.child_by_field_name("body")):
                facts.add("handling", "generic_catches")
        case "throw_statement":
            value = node.named_children[0] if node.named_child_count else None
            is_new = value is not None and value.type == "object_creation_expression"
            facts.add("raised", text(value.child_by_field_name("type")) if is_new and value is not None else "(again)")
        case "method_invocation":
            _call(file, node, facts)
        case "object_creation_expression":
            _init(file, text(node.child_by_field_name("type")).split("<")[0], line, facts)
        case "marker_annotation" | "annotation":
            name = text(node.child_by_field_name("name"))
            _init(file, name, line, facts)
            if name in {"ControllerAdvice", "RestControllerAdvice", "ExceptionHandler"}:
                facts.add("global_handler", name, file.path, line)


def _imports(file: TreeFile, facts: Facts) -> None:
    own = next((child for child in file.root.named_children if child.type == "package_declaration"), None)
    of_file = library_of_module("java", text(own.named_children[-1])) if own is not None else None
    for name, line in imported(file):
        # A tracker's own code imports it as well.
        if (library := library_of_module("java", name)) is not None and library != of_file:
            facts.add(library.part, library.name, file.path, line)
            if library.is_structured:
                facts.add("structured", library.name)


def _init(file: TreeFile, name: str, line: int, facts: Facts) -> None:
    """Count a call, a constructor or an annotation that initialises a tracker."""
    for full in resolved(file, name):
        if (tracker := initialises("java", full, "")) is not None:
            facts.add("tracker_init", tracker.name, file.path, line)
            return


def _call(file: TreeFile, node: Node, facts: Facts) -> None:
    name, line = callee(node), node.start_point[0] + 1
    if level := log_level(node):
        facts.add("level", level)
        facts.add("log_style", "text")
        if within(node, {"catch_clause"}) is not None:
            facts.add("reported", "logger")
    elif name.startswith(("System.out.print", "System.err.print")) or name.endswith(".printStackTrace"):
        facts.add("console", name if name.startswith("System") else "printStackTrace")
    elif name in _CAPTURES:
        facts.add("reported", name)
    if name == "SpringApplication.run":
        facts.add("entry", name, file.path, line)
    _init(file, name, line, facts)
    if name.endswith(("setDefaultUncaughtExceptionHandler", "setUncaughtExceptionHandler")):
        facts.add("global_handler", name.rsplit(".", 1)[-1], file.path, line)

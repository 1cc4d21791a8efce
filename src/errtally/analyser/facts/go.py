"""Facts of Go: a check of an error stands for a handler, a returned new error for a raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import initialises, library_of_module
from errtally.analyser.syntax.go import callee, checked_error, full_name, import_lines, log_level, origin_of
from errtally.analyser.syntax.tree import TreeFile, statements, within

if TYPE_CHECKING:
    from tree_sitter import Node

    from errtally.analyser.model import Facts

KINDS = ("source_file", "if_statement", "call_expression", "import_spec", "function_declaration", "method_declaration")
_CAPTURES = {"CaptureException", "CaptureMessage", "CaptureEvent", "Error", "Critical", "Notify", "RequestError"}
_RECOVERIES = {
    "gin.Recovery",
    "gin.Default",
    "middleware.Recover",
    "middleware.Recoverer",
    "sentry.Recover",
    "recover.New",
}
_MAKERS = {"errors.New", "fmt.Errorf", "errors.Wrap", "errors.Wrapf", "errors.Errorf"}


def collect(file: TreeFile, node: Node, facts: Facts) -> None:
    """Count what one node does."""
    match node.type:
        case "source_file":
            for path, at in import_lines(file):
                if (library := library_of_module("go", path)) is not None:
                    facts.add(library.part, library.name, file.path, at)
                    if library.is_structured:
                        facts.add("structured", library.name)
        case "if_statement":
            if name := checked_error(node):
                facts.add("handling", "handlers")
                facts.add("caught", name)
                if not statements(node.child_by_field_name("consequence")):
                    facts.add("handling", "generic_catches")
        case "call_expression":
            _call(file, node, facts)


def _call(file: TreeFile, node: Node, facts: Facts) -> None:
    name, line = callee(node), node.start_point[0] + 1
    if level := log_level(node):
        facts.add("level", level)
        facts.add("log_style", "text" if name.endswith(("f", "ln")) or name.startswith("log.") else "structured")
        if (above := within(node, {"if_statement"})) is not None and checked_error(above):
            facts.add("reported", "logger")
    elif name in {"fmt.Print", "fmt.Println", "fmt.Printf", "println", "print"}:
        facts.add("console", name)
    elif (found := origin_of(file, node)) is not None and _is_capture(*found):
        facts.add("reported", name)
    elif name in _MAKERS:
        facts.add("raised", name)
    elif name == "panic":
        facts.add("raised", "panic")
    elif name == "recover":
        facts.add("handling", "try_blocks")
        facts.add("global_handler", "recover", file.path, line)
    if (found := origin_of(file, node)) is not None and (tracker := initialises("go", *found)) is not None:
        facts.add("tracker_init", tracker.name, file.path, line)
    if name in _RECOVERIES:
        facts.add("global_handler", name, file.path, line)
    if full_name(file, node).startswith("net/http.ListenAndServe"):
        # net/http recovers from a panic of a handler by itself, and prints it.
        facts.add("entry", name, file.path, line)


def _is_capture(path: str, function: str) -> bool:
    """Whether a call hands an error to a tracker."""
    library = library_of_module("go", path)
    return library is not None and library.part == "tracker" and function in _CAPTURES

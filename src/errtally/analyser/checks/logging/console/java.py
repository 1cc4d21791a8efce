"""Java: `System.out` and `printStackTrace()` in a file that has a logger or belongs to a server."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import callee, imported, libraries
from errtally.analyser.syntax.tree import TreeFile, arguments, is_explained, text, walk_scope, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_PARSERS = ("org.apache.commons.cli", "picocli", "com.beust.jcommander", "org.kohsuke.args4j")
"""Libraries that read the arguments of a command."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    name = callee(node)
    is_print = name.startswith(("System.out.print", "System.err.print"))
    is_trace = name.endswith(".printStackTrace") and not arguments(node)
    if not is_print and not is_trace:
        return
    parts = {library.part for library in libraries(file)}
    # A logger beside it does not tell a service from a command; that an error is printed and not logged does.
    if not (parts & {"server"} or (is_trace and "logging" in parts)):
        return
    method = within(node, {"method_declaration"})
    name_of_method = text(method.child_by_field_name("name")) if method is not None else ""
    if name_of_method == "main" or name_of_method.lower().startswith(("print", "dump", "show", "usage")):
        return
    # What has a main method talks to whoever started it, and what makes the log has nowhere else to write.
    is_command = any(text(one.child_by_field_name("name")) == "main" for one in file.nodes("method_declaration"))
    is_log = any("log" in part.lower() for part in PurePosixPath(file.path).parts)
    is_cli = (
        "cli" in PurePosixPath(file.path).stem.lower()
        or not {"cli", "cmdline", "console"}.isdisjoint(PurePosixPath(file.path).parts)
        or any(name.startswith(_PARSERS) for name, _ in imported(file))
    )
    # What is thrown on is logged by whoever takes it.
    catch = within(node, {"catch_clause"})
    is_thrown = catch is not None and any(child.type == "throw_statement" for child in walk_scope(catch))
    is_low = is_explained(file, node) or is_thrown or is_cli or is_log or (is_command and is_print)
    message = f"{name if is_print else 'printStackTrace'}() goes past the log."
    yield file.hit(node, message, Confidence.LOW if is_low else None)


RULES = (TreeRule(("java",), ("method_invocation",), _find),)

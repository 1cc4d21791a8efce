"""Java: `System.out` and `printStackTrace()` in a file that has a logger or belongs to a server."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import callee, imported, libraries
from errtally.analyser.syntax.tree import TreeFile, arguments, text, within

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
    if not {library.part for library in libraries(file)} & {"logging", "server"}:
        return
    method = within(node, {"method_declaration"})
    if method is not None and text(method.child_by_field_name("name")) == "main":
        return
    # What has a main method talks to whoever started it, and what makes the log has nowhere else to write.
    is_command = any(text(one.child_by_field_name("name")) == "main" for one in file.nodes("method_declaration"))
    is_log = "log" in PurePosixPath(file.path).stem.lower()
    is_cli = not {"cli", "cmdline", "console"}.isdisjoint(PurePosixPath(file.path).parts) or any(
        name.startswith(_PARSERS) for name, _ in imported(file)
    )
    is_low = is_cli or is_log or (is_command and is_print)
    message = f"{name if is_print else 'printStackTrace'}() goes past the log."
    yield file.hit(node, message, Confidence.LOW if is_low else None)


RULES = (TreeRule(("java",), ("method_invocation",), _find),)

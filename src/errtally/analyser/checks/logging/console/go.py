"""Go: `fmt.Println` in a file that has a logger or belongs to a server."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, imported, libraries
from errtally.analyser.syntax.tree import TreeFile, is_explained, text, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_PRINTS = {"fmt.Print", "fmt.Println", "fmt.Printf", "println"}
_COMMAND_FOLDERS = {"cmd", "cli", "commands", "tools", "scripts"}
_COMMAND_LINES = {"flag", "github.com/spf13/cobra", "github.com/urfave/cli", "github.com/urfave/cli/v2"}


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if callee(node) not in _PRINTS:
        return
    # The packages of the standard library alone do not tell a service from a command or a client.
    found = [library for library in libraries(file) if library.name not in {"log", "net/http"}]
    if not any(library.part in {"logging", "server"} for library in found):
        return
    if {path for path, _ in imported(file).values()} & _COMMAND_LINES:
        return
    function = within(node, {"function_declaration"}, stop=())
    if function is not None and text(function.child_by_field_name("name")) == "main":
        return
    # What a peer or a person reads from the standard output is mostly said to be so, or the function's name says it.
    is_low = (
        is_explained(file, node) or _shows(node) or not _COMMAND_FOLDERS.isdisjoint(PurePosixPath(file.path).parts[:-1])
    )
    yield file.hit(node, f"{callee(node)}() goes past the log.", Confidence.LOW if is_low else None)


_SHOWING = ("print", "dump", "show", "usage", "help", "diagnos", "report", "list")
_MANY = 4


def _shows(node: Node) -> bool:
    """Whether the function around writes for a person: it is called so, or printing is most of what it does."""
    function = within(node, {"function_declaration", "method_declaration"}, stop=())
    if function is None:
        return False
    if any(word in text(function.child_by_field_name("name")).lower() for word in _SHOWING):
        return True
    printed = [child for child in walk(function) if child.type == "call_expression" and callee(child) in _PRINTS]
    return len(printed) >= _MANY


RULES = (TreeRule(("go",), ("call_expression",), _find),)

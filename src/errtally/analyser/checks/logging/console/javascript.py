"""JavaScript: `console.log` in a file that has a logger or belongs to a server."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import (
    FUNCTIONS,
    callee,
    function_name,
    imported_modules,
    is_console,
    libraries,
    method,
)
from errtally.analyser.syntax.tree import TreeFile, ancestors, is_explained, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_FRAMEWORKS = {"winston", "bunyan", "pino", "log4js"}
"""Loggers of services; `debug` and `loglevel` stand beside the console and not in its place."""
_COMMAND_LINES = {
    "commander",
    "yargs",
    "meow",
    "minimist",
    "inquirer",
    "ora",
    "chalk",
    "oclif",
    "cac",
    "sade",
    "optimist",
}


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if not is_console(node):
        return
    found = libraries(file)
    if not any(library.part == "server" or library.name in _FRAMEWORKS for library in found):
        return
    if {name for name, _ in imported_modules(file)} & _COMMAND_LINES or file.lines[0].startswith("#!"):
        return
    # What makes the log has nowhere else to write.
    is_command = not {"commands", "command", "cli", "bin", "scripts"}.isdisjoint(PurePosixPath(file.path).parts[:-1])
    is_log = is_command or "log" in PurePosixPath(file.path).stem.lower()
    is_low = is_log or is_explained(file, node) or _is_switched(node) or _is_start(file, node) or _shows(node)
    confidence = Confidence.LOW if is_low else None
    yield file.hit(node, f"{callee(node)}() goes past the log.", confidence)


def _is_start(file: TreeFile, node: Node) -> bool:
    """Whether a line is said while the program starts, before there is anybody to be served: "listening on 3000"."""
    if method(node) not in {"log", "info"}:
        return False
    names = [function_name(above) for above in ancestors(node) if above.type in FUNCTIONS]
    is_main = PurePosixPath(file.path).stem in {"main", "index", "server", "app", "www", "start"}
    return any(name in {"bootstrap", "main", "start", "startServer"} for name in names) or (
        is_main and all(not name for name in names)
    )


def _shows(node: Node) -> bool:
    """Whether the function around is there to print what it is given."""
    names = [function_name(above) for above in ancestors(node) if above.type in FUNCTIONS]
    return any(
        name.lower().endswith(("trace", "debug", "dump")) or name.startswith(("print", "dump")) for name in names
    )


def _is_switched(node: Node) -> bool:
    """Whether a person has to switch the output on, to look for an error by hand."""
    conditions = [text(above.child_by_field_name("condition")).lower() for above in ancestors(node)]
    return any(word in condition for condition in conditions for word in ("debug", "verbose", "process.env", "trace"))


RULES = (TreeRule(JAVASCRIPT, ("call_expression",), _find),)

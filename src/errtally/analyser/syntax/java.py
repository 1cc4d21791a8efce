"""Questions about Java that several checks ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import Library, library_of_module
from errtally.analyser.syntax.python import is_logger_name
from errtally.analyser.syntax.tree import TreeFile, identifiers, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

LOG_LEVELS = {
    "trace": "debug", "debug": "debug", "fine": "debug", "finer": "debug", "finest": "debug", "info": "info",
    "warn": "warning", "warning": "warning", "error": "error", "severe": "error", "fatal": "critical",
}  # fmt: skip
MEANT = {"ignored", "ignore", "expected", "unused", "_"}
"""Names of caught exceptions that say that the author knows."""
PROBES = {"forName", "getMethod", "getDeclaredMethod", "getField", "getDeclaredField", "loadClass", "findClass"}
"""Calls by whose failure code finds out what there is."""
_READING = {"valueOf", "decode", "fromString", "parse", "parseInt", "parseLong", "forName", "create", "convert"}
BROAD = {"Exception", "Throwable", "java.lang.Exception", "java.lang.Throwable"}


def is_meant(name: str) -> bool:
    """Whether the name of a caught exception says that its author knows: `ignored`, `expectedIfMissing`."""
    return name in MEANT or name.startswith(("ignore", "expected", "unused"))


def only_reads(tried: Node | None) -> bool:
    """Whether a block reads a text by means of the JDK, whose IllegalArgumentException says that it is wrong."""
    return not _READING.isdisjoint(calls(tried))


def callee(call: Node) -> str:
    """Return ``object.name`` of a method invocation as it is written."""
    target = call.child_by_field_name("object")
    name = text(call.child_by_field_name("name"))
    return f"{text(target)}.{name}" if target is not None else name


def log_level(call: Node) -> str:
    """Return the level of a call of a logger, "" for any other call."""
    target = call.child_by_field_name("object")
    name = text(call.child_by_field_name("name"))
    if target is None or name not in LOG_LEVELS:
        return ""
    return LOG_LEVELS[name] if is_logger_name(text(target).rsplit(".", 1)[-1]) else ""


def caught(catch: Node) -> tuple[list[str], str]:
    """Return the types that a ``catch`` names and the variable that it gives the exception."""
    for child in catch.named_children:
        if child.type == "catch_formal_parameter":
            types = [
                text(kind) for part in child.named_children if part.type == "catch_type" for kind in part.named_children
            ]
            return types, text(child.child_by_field_name("name"))
    return [], ""


def derived(catch: Node, name: str) -> set[str]:
    """Return the exception's name and those of variables that a ``catch`` makes of it, such as its cause."""
    found = {name}
    for child in walk(catch):
        if child.type == "instanceof_expression" and found & identifiers(child.child_by_field_name("left")):
            # `e.getCause() instanceof PSQLException cause`
            found.add(text(child.child_by_field_name("name")))
            found.update(text(one) for one in identifiers_of_pattern(child))
        made = {"variable_declarator": ("name", "value"), "assignment_expression": ("left", "right")}.get(child.type)
        if made is not None and found & identifiers(child.child_by_field_name(made[1])):
            found.add(text(child.child_by_field_name(made[0])))
    return found


def identifiers_of_pattern(question: Node) -> list[Node]:
    """Return the names that a pattern of `instanceof` gives."""
    pattern = question.child_by_field_name("pattern") or question.child_by_field_name("right")
    return [one for one in walk(pattern) if one.type == "identifier"] if pattern is not None else []


def imported(file: TreeFile) -> list[tuple[str, int]]:
    """Return every import, with its line."""
    if (known := file.memory.get("modules")) is not None:
        return known  # type: ignore[return-value]
    found = []
    for node in file.nodes("import_declaration"):
        name = next((text(child) for child in node.named_children if child.type.endswith("identifier")), "")
        found.append((name, node.start_point[0] + 1))
    file.memory["modules"] = found
    return found


def resolved(file: TreeFile, name: str) -> list[str]:
    """Return the full names that a dotted name may stand for by the imports; of what no import names, the name itself.

    Args:
        file: the file.
        name: as it is written: ``Sentry.init``, ``init`` of a static import, ``io.sentry.Sentry.init``.
    """
    first, _, rest = name.partition(".")
    wild = []
    for path, _line in imported(file):
        if path.rsplit(".", 1)[-1] == first:
            return [f"{path}.{rest}" if rest else path]
        if path in wildcards(file):
            wild.append(f"{path}.{name}")
    return [*wild, name]


def wildcards(file: TreeFile) -> set[str]:
    """Return the packages, and the classes of static imports, of which everything is imported."""
    if (known := file.memory.get("wildcards")) is not None:
        return known  # type: ignore[return-value]
    found = {
        text(next(child for child in node.named_children if child.type.endswith("identifier")))
        for node in file.nodes("import_declaration")
        if any(child.type == "asterisk" for child in node.named_children)
    }
    file.memory["wildcards"] = found
    return found


def libraries(file: TreeFile) -> list[Library]:
    """Return the libraries that matter for errors among the imports."""
    found = [library_of_module("java", name) for name, _ in imported(file)]
    return [library for library in found if library is not None]


def calls(node: Node | None) -> list[str]:
    """Return the names of all methods called within a node."""
    if node is None:
        return []
    return [text(child.child_by_field_name("name")) for child in walk(node) if child.type == "method_invocation"]

"""What the other files of a Go package declare: which functions and methods end in an error, and what they return."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from tree_sitter import Parser, Query, QueryCursor

from errtally.analyser.syntax.tree import TreeFile, grammar, text, walk_scope

if TYPE_CHECKING:
    from pathlib import Path

    from tree_sitter import Node

_DECLARATIONS = "(function_declaration) @one (method_declaration) @one"
_LOOKED_AT = re.compile(rb"(?:\berr\w*|\b\w+Err|\b\w+Error)\s*:?=\s*([\w.]+)\(|\breturn\s+(?:[^\n()]*,\s*)?([\w.]+)\(")
"""`err := f(`, `x, err = s.f(` and `return f(`."""
_FORMATTED = re.compile(rb"\bErrorf\([^\n]*%[vs][^\n]*\berr\)")
_MAX_FILE_BYTES = 2_000_000
_KEPT_PACKAGES = 64


@dataclass(slots=True)
class Package:
    """What a package declares.

    Attributes:
        errors: functions, and methods as ``Type.method``, that return an error other than nil as their last result.
        results: function to the type of its first result, without ``*``.
        types: the receivers' types.
        wraps: how often an error is formatted by ``%w`` in the files of the folder.
        formats: how often one is formatted by ``%v`` or ``%s`` there.
        looked_at: last parts of the names of what is called somewhere with its error given to a name, or returned.
    """

    errors: set[str] = field(default_factory=set)
    results: dict[str, str] = field(default_factory=dict)
    types: set[str] = field(default_factory=set)
    looked_at: set[str] = field(default_factory=set)
    wraps: int = 0
    formats: int = 0

    def looks_at(self, name: str) -> bool:
        """Whether some caller in the package takes the error of what is called by this name."""
        return name.rpartition(".")[2] in self.looked_at

    def returns_error(self, name: str) -> bool:
        """Whether the last result of a function or of a ``Type.method`` is an error that can be there."""
        return name in self.errors


def package_of(file: TreeFile) -> Package:
    """Return the package that a file belongs to: the file's own declarations, and those of the files beside it."""
    if (known := file.memory.get("package")) is not None:
        return known  # type: ignore[return-value]
    found = Package()
    if file.folder is not None:
        beside = _beside(file.folder)
        found = replace(
            beside,
            errors=set(beside.errors), results=dict(beside.results), types=set(beside.types),
            looked_at=set(beside.looked_at),
        )  # fmt: skip
    found.looked_at |= _looked_at(file.source)
    _collect(found, [*file.nodes("function_declaration"), *file.nodes("method_declaration")])
    file.memory["package"] = found
    return found


@lru_cache(maxsize=_KEPT_PACKAGES)
def _beside(folder: Path) -> Package:
    """What the files of a folder declare, tests aside; a file that can't be read is the run's problem elsewhere."""
    found = Package()
    parser, query = Parser(grammar("go")), Query(grammar("go"), _DECLARATIONS)
    for path in sorted(folder.glob("*.go")):
        if path.name.endswith("_test.go") or not path.is_file() or path.stat().st_size > _MAX_FILE_BYTES:
            continue
        try:
            source = path.read_bytes()
        except OSError:
            continue
        tree = parser.parse(source)
        found.looked_at |= _looked_at(source)
        found.wraps += source.count(b"%w")
        found.formats += len(_FORMATTED.findall(source))
        _collect(found, QueryCursor(query).captures(tree.root_node).get("one", []))
    return found


def _collect(package: Package, declarations: list[Node]) -> None:
    for node in declarations:
        name = text(node.child_by_field_name("name"))
        if (receiver := node.child_by_field_name("receiver")) is not None:
            kind = receiver_of(receiver)[1]
            package.types.add(kind)
            name = f"{kind}.{name}"
        kinds = result_types(node)
        if kinds and kinds[0] != "error":
            package.results[name] = kinds[0]
        # Some collect their errors in a list that the caller hands in.
        collects = any(word in text(node.child_by_field_name("parameters")) for word in ("errors ", "errs "))
        if kinds and kinds[-1] == "error" and not collects and _can_fail(node):
            package.errors.add(name)


def _looked_at(source: bytes) -> set[str]:
    return {(one[1] or one[2]).rpartition(b".")[2].decode("utf-8", "replace") for one in _LOOKED_AT.finditer(source)}


def receiver_of(parameters: Node) -> tuple[str, str]:
    """Return name and type of a receiver, the type without ``*`` and type parameters."""
    declared = next((one for one in parameters.named_children if one.type == "parameter_declaration"), None)
    if declared is None:
        return "", ""
    kind = text(declared.child_by_field_name("type")).lstrip("*").split("[")[0]
    return text(declared.child_by_field_name("name")), kind


def result_types(function: Node) -> list[str]:
    """Return the types of a function's results, without ``*``."""
    result = function.child_by_field_name("result")
    if result is None:
        return []
    if result.type != "parameter_list":
        return [text(result).lstrip("*")]
    found = []
    for one in result.named_children:
        if one.type == "parameter_declaration":
            count = max(1, len(one.children_by_field_name("name")))
            found += [text(one.child_by_field_name("type")).lstrip("*")] * count
    return found


def _can_fail(function: Node) -> bool:
    """Whether a function returns anything but nil as its error; some have the result only to fit an interface."""
    body = function.child_by_field_name("body")
    if body is None:
        return True
    found = [child for child in walk_scope(body) if child.type == "return_statement"]
    return any(text(child).split(",")[-1].removeprefix("return").strip() != "nil" for child in found)

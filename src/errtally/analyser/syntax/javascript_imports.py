"""What the names of a JavaScript or TypeScript file are imported as, in all the ways that modules are taken in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.syntax.scopes import is_variable
from errtally.analyser.syntax.tree import TreeFile, arguments, string_value, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

_INTEROP = ("importStar", "importDefault", "interopRequireDefault", "interopRequireWildcard", "toESM", "interopDefault")
"""Ends of names of functions by which compilers wrap a `require`."""
Origin = tuple[str, str]
"""A module and the dotted path of a member; the path of the module itself, and of its default export, is ""."""


def imports(file: TreeFile) -> dict[str, Origin]:
    """Return the names that the file imports, and what each stands for."""
    if (known := file.memory.get("imports")) is not None:
        return known  # type: ignore[return-value]
    found: dict[str, Origin] = {}
    for node in file.nodes("import_statement"):
        if not is_of_types(node):
            found.update(_imported(node))
    for node in file.nodes("call_expression"):
        if (module := required(node)) is not None:
            found.update(_required(node, module))
    file.memory["imports"] = found
    return found


def is_of_types(statement: Node) -> bool:
    """Whether an import is one of types alone, of which nothing is left when the program runs."""
    return any(child.type in {"type", "typeof"} for child in statement.children)


def _imported(statement: Node) -> Iterator[tuple[str, Origin]]:
    source = string_value(statement.child_by_field_name("source"))
    for clause in statement.named_children:
        if clause.type == "import_require_clause":  # `import x = require("x")`
            module = string_value(clause.child_by_field_name("source"))
            name = next((text(child) for child in clause.named_children if child.type == "identifier"), "")
            if module is not None and name:
                yield name, (module, "")
        elif clause.type == "import_clause" and source is not None:
            yield from _clause(clause, source)


def _clause(clause: Node, module: str) -> Iterator[tuple[str, Origin]]:
    for child in clause.named_children:
        if child.type == "identifier":
            yield text(child), (module, "")
        elif child.type == "namespace_import":
            yield text(child.named_children[0]), (module, "")
        elif child.type == "named_imports":
            for one in child.named_children:
                if one.type == "import_specifier":
                    name = text(one.child_by_field_name("name"))
                    here = text(one.child_by_field_name("alias")) or name
                    yield here, (module, "" if name == "default" else name)


def required(call: Node) -> str | None:
    """Return the module of `require("x")` and `import("x")`, None for any other call."""
    function = call.child_by_field_name("function")
    if function is None or function.type not in {"identifier", "import"} or text(function) not in {"require", "import"}:
        return None
    given = arguments(call)
    return string_value(given[0]) if given else None


def _required(call: Node, module: str) -> Iterator[tuple[str, Origin]]:
    """The names that a declaration gives to what is required, or to members of it."""
    path: list[str] = []
    node, parent = call, call.parent
    while parent is not None and parent.type != "variable_declarator":
        if parent.type == "member_expression" and parent.child_by_field_name("object") == node:
            path.append(text(parent.child_by_field_name("property")))
        elif parent.type not in {"await_expression", "parenthesized_expression", "as_expression", "arguments"} and not (
            parent.type == "call_expression" and text(parent.child_by_field_name("function")).endswith(_INTEROP)
        ):
            return
        node, parent = parent, parent.parent
    name = parent.child_by_field_name("name") if parent is not None else None
    if name is None:
        return
    if name.type == "identifier":
        yield text(name), (module, _joined(path))
    elif name.type == "object_pattern":
        for part in name.named_children:
            if part.type == "shorthand_property_identifier_pattern":
                yield text(part), (module, _joined([*path, text(part)]))
            elif part.type == "pair_pattern":
                value, key = part.child_by_field_name("value"), text(part.child_by_field_name("key"))
                if value is not None and value.type == "identifier":
                    yield text(value), (module, _joined([*path, key]))


def _joined(path: list[str]) -> str:
    """A dotted path without `default`, which compilers put between a module and its default export."""
    return ".".join(part for part in path if part != "default")


def _parts(node: Node | None) -> tuple[Node | None, list[str]]:
    """What a chain of members begins with, and the members."""
    path: list[str] = []
    while node is not None:
        if node.type == "member_expression":
            path.insert(0, text(node.child_by_field_name("property")))
            node = node.child_by_field_name("object")
        elif node.type in {"non_null_expression", "parenthesized_expression", "await_expression", "as_expression"}:
            node = node.named_children[0] if node.named_child_count else None
        elif node.type == "sequence_expression":  # `(0, module_1.f)` of compiled modules
            node = node.named_children[-1]
        else:
            break
    return node, path


def origin(file: TreeFile, node: Node | None) -> Origin | None:
    """Return the module and the member that an expression stands for, None when it is nothing imported."""
    root, path = _parts(node)
    if root is None:
        return None
    if root.type == "call_expression" and (module := required(root)) is not None:
        return _plain(module), _joined(path)
    if root.type != "identifier":
        return None
    found = imports(file).get(text(root))
    if found is None or is_variable(file, root, text(root), in_file=False):
        return None
    module, member = found
    return _plain(module), _joined([*(member.split(".") if member else []), *path])


def _plain(module: str) -> str:
    return module.removeprefix("node:")


def resolved(file: TreeFile, node: Node | None) -> str:
    """Return ``module.member`` of what is imported, ``a.b`` of a global name, "" for a variable and for the rest."""
    if (found := origin(file, node)) is not None:
        return ".".join(part for part in found if part)
    root, path = _parts(node)
    if root is None or root.type not in {"identifier", "this"}:
        return ""
    name = text(root)
    if name in imports(file) or is_variable(file, root, name, in_file=True):
        return ""
    return ".".join([name, *path])


def called(file: TreeFile, call: Node) -> str:
    """Return what a call or a `new` calls, as `resolved` does."""
    return resolved(file, call.child_by_field_name("function") or call.child_by_field_name("constructor"))


def called_import(file: TreeFile, call: Node) -> str:
    """Return ``module.member`` of what a call calls of an imported module, "" for any other call."""
    found = origin(file, call.child_by_field_name("function") or call.child_by_field_name("constructor"))
    return ".".join(part for part in found if part) if found is not None else ""

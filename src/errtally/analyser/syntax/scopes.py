"""Which names the functions of a file bind, in languages that tree-sitter parses: a variable hides what is imported."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tree_sitter import Query, QueryCursor

from errtally.analyser.syntax.tree import ancestors, grammar, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from errtally.analyser.syntax.tree import TreeFile

_JAVASCRIPT = """
(variable_declarator name: (_) @bound)
(function_declaration name: (_) @named)
(class_declaration name: (_) @named)
(catch_clause parameter: (_) @bound)
(arrow_function parameter: (_) @bound)
(for_in_statement left: (identifier) @bound)
(formal_parameters (_) @bound)
"""
_GO = """
(short_var_declaration left: (_) @bound)
(var_spec name: (_) @bound)
(parameter_declaration name: (_) @bound)
(range_clause left: (_) @bound)
"""
_NAMES = {"identifier", "shorthand_property_identifier_pattern", "type_identifier"}
_VALUES = {"right", "value", "type", "decorator"}
"""Fields of a pattern in which a default or a type stands, which binds nothing."""
_SCOPES = {
    "function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function",
    "generator_function_declaration", "method_declaration", "func_literal", "program", "source_file",
}  # fmt: skip


@cache
def _query(grammar_name: str) -> Query:
    return Query(grammar(grammar_name), _GO if grammar_name == "go" else _JAVASCRIPT)


def bindings(file: TreeFile) -> dict[str, set[int]]:
    """Return each name that a declaration binds, and the ids of the functions that it is bound in; 0 is the file."""
    if (known := file.memory.get("bindings")) is not None:
        return known  # type: ignore[return-value]
    found: dict[str, set[int]] = {}
    for capture, nodes in QueryCursor(_query(file.grammar)).captures(file.root).items():
        for node in nodes:
            # The name of a function belongs to what is around the function.
            start = node.parent if capture == "named" else node
            if _is_import(node):
                continue
            scope = _scope(start) if start is not None else 0
            for name in _bound(node):
                found.setdefault(name, set()).add(scope)
    file.memory["bindings"] = found
    return found


def _is_import(node: Node) -> bool:
    """Whether a declaration gives a name to what it requires, wherever it stands."""
    declarator = node.parent
    value = declarator.child_by_field_name("value") if declarator is not None else None
    return value is not None and (b"require(" in (value.text or b"")[:200] or b"import(" in (value.text or b"")[:200])


def _bound(pattern: Node) -> list[str]:
    """The names of a pattern such as `{ a, b: [c] }`, without the values of defaults."""
    found: list[str] = []
    stack = [pattern]
    while stack:
        node = stack.pop()
        if node.type in _NAMES:
            found.append(text(node))
        for index, child in enumerate(node.children):
            if node.field_name_for_child(index) not in _VALUES or node.type == "pair_pattern":
                stack.append(child)
    return found


def _scope(node: Node) -> int:
    return next((_id(above) for above in ancestors(node) if above.type in _SCOPES), 0)


def _id(scope: Node) -> int:
    return 0 if scope.parent is None else scope.id


def is_variable(file: TreeFile, node: Node, name: str, *, in_file: bool) -> bool:
    """Whether a name means a variable at a node.

    Args:
        file: the file.
        node: where the name stands.
        name: the name.
        in_file: whether a variable of the whole file counts as well: not for a name that is imported, because
            `const x = require("x")` is one.
    """
    scopes = bindings(file).get(name)
    if not scopes:
        return False
    if in_file and 0 in scopes:
        return True
    return any(above.type in _SCOPES and above.parent is not None and above.id in scopes for above in ancestors(node))

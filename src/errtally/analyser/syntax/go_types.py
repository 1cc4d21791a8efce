"""The type of what a Go method is called on, where the function around the call says it plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.libraries.go_errors import first_result
from errtally.analyser.syntax.go import full_name, imported
from errtally.analyser.syntax.go_package import package_of, receiver_of
from errtally.analyser.syntax.tree import TreeFile, ancestors, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS = {"function_declaration", "method_declaration", "func_literal"}


def receiver_type(file: TreeFile, call: Node) -> str:
    """Return ``path/of/package.Type``, or ``Type`` of the file's own package, without ``*``; "" when it is not said.

    A type is known of a receiver, a parameter, `var x T`, `x := T{...}`, and the result of a function of this package
    or of the standard library.
    """
    function = call.child_by_field_name("function")
    operand = function.child_by_field_name("operand") if function is not None else None
    if operand is None:
        return ""
    if operand.type == "call_expression":
        return _of_call(file, operand)
    if operand.type != "identifier":
        return ""
    name = text(operand)
    for above in ancestors(call):
        if above.type in _FUNCTIONS and (kind := _declared(file, above, name)):
            return kind
    return ""


def _declared(file: TreeFile, function: Node, name: str) -> str:
    """The type that a function declares a name with; "" when it does not, or with several."""
    kinds = file.memory.get(("types", function.id))
    if kinds is None:
        kinds = file.memory["types", function.id] = _variables(file, function)
    found = kinds.get(name, set())  # type: ignore[attr-defined]
    return next(iter(found)) if len(found) == 1 else ""


def _variables(file: TreeFile, function: Node) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    if (receiver := function.child_by_field_name("receiver")) is not None:
        name, of_receiver = receiver_of(receiver)
        found.setdefault(name, set()).add(_full(file, of_receiver))
    for node in walk(function):
        if node.type in {"parameter_declaration", "var_spec"}:
            kind = node.child_by_field_name("type")
            if kind is not None and function.child_by_field_name("receiver") != node.parent:
                for one in node.children_by_field_name("name"):
                    found.setdefault(text(one), set()).add(_full(file, text(kind)))
        elif node.type == "short_var_declaration":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is not None and right is not None and left.named_child_count and right.named_child_count:
                # Of several results only the first one's type is known, and of the others that they are something else.
                found.setdefault(text(left.named_children[0]), set()).add(_of_value(file, right.named_children[0]))
                for one in left.named_children[1:]:
                    found.setdefault(text(one), set()).add("")
        elif node.type == "range_clause" and (left := node.child_by_field_name("left")) is not None:
            for one in left.named_children:
                found.setdefault(text(one), set()).add("")
    return found


def _of_value(file: TreeFile, value: Node) -> str:
    if value.type == "unary_expression":
        value = value.child_by_field_name("operand") or value
    if value.type == "composite_literal":
        return _full(file, text(value.child_by_field_name("type")))
    return _of_call(file, value) if value.type == "call_expression" else ""


def _of_call(file: TreeFile, call: Node) -> str:
    name = full_name(file, call)
    if name:
        return first_result(name)
    function = call.child_by_field_name("function")
    if function is not None and function.type == "identifier":
        return _full(file, package_of(file).results.get(text(function), ""))
    return ""


def _full(file: TreeFile, kind: str) -> str:
    """A type as it is written to its full name."""
    kind = kind.lstrip("*").split("[")[0] if not kind.startswith("[") else ""
    package, _, name = kind.partition(".")
    if not name:
        return kind if kind.isidentifier() else ""
    path, _ = imported(file).get(package, ("", 0))
    return f"{path}.{name}" if path else ""

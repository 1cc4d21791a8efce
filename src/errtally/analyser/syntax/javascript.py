"""Questions about JavaScript and TypeScript that several checks ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import Library, library_of_module
from errtally.analyser.syntax.javascript_imports import is_of_types, required
from errtally.analyser.syntax.python import is_logger_name
from errtally.analyser.syntax.tree import TreeFile, string_value, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

LOG_LEVELS = {
    "trace": "debug", "debug": "debug", "verbose": "debug", "info": "info", "log": "info", "warn": "warning",
    "warning": "warning", "error": "error", "fatal": "critical", "critical": "critical",
}  # fmt: skip
_PARSERS = {
    "JSON.parse",
    "parse",
    "URL",
    "decodeURIComponent",
    "decodeURI",
    "encodeURIComponent",
    "encodeURI",
    "RegExp",
    "BigInt",
    "atob",
    "decode",
    "textDecoder.decode",
    "decoder.decode",
}
_OF_TEXT = {
    "trim",
    "toString",
    "String",
    "slice",
    "replace",
    "split",
    "toLowerCase",
    "join",
    "test",
    "from",
    "isArray",
    "includes",
    "startsWith",
    "endsWith",
    "TextDecoder",
    "push",
    "",
}
FUNCTIONS = (
    "function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function",
    "generator_function_declaration",
)  # fmt: skip


def dotted(node: Node | None) -> str:
    """Return ``a.b.c`` for a name or member expression, "" for anything else; ``this`` counts as a name."""
    if node is None:
        return ""
    if node.type in {"identifier", "this", "property_identifier", "private_property_identifier"}:
        return text(node)
    if node.type == "member_expression":
        before = dotted(node.child_by_field_name("object"))
        return f"{before}.{text(node.child_by_field_name('property'))}" if before else ""
    if node.type in {"non_null_expression", "parenthesized_expression"} and node.named_child_count:
        return dotted(node.named_children[0])
    return ""


def callee(call: Node) -> str:
    """Return the dotted name that is called."""
    return dotted(call.child_by_field_name("function") or call.child_by_field_name("constructor"))


def method(call: Node) -> str:
    """Return the last name of what is called, whatever stands before it: ``then`` of ``f().then(g)``."""
    function = call.child_by_field_name("function")
    if function is None:
        return ""
    if function.type == "member_expression":
        return text(function.child_by_field_name("property"))
    return text(function) if function.type == "identifier" else ""


def log_level(call: Node) -> str:
    """Return the level of a call of a logger, "" for any other call; the console is not a logger."""
    parts = callee(call).split(".")
    if len(parts) < 2 or parts[-1] not in LOG_LEVELS:  # noqa: PLR2004 (receiver and method)
        return ""
    return LOG_LEVELS[parts[-1]] if is_logger_name(parts[-2]) or parts[-2] == "winston" else ""


def is_console(call: Node) -> bool:
    """Whether a call writes to the console."""
    parts = callee(call).split(".")
    return len(parts) == 2 and parts[0] == "console" and parts[1] in LOG_LEVELS  # noqa: PLR2004


def parameter(catch: Node) -> str:
    """Return the name that a ``catch`` gives the error, "" when it gives none."""
    node = catch.child_by_field_name("parameter")
    return text(node) if node is not None and node.type == "identifier" else ""


def only_parses(catch: Node) -> bool:
    """Whether the block of a `catch` does nothing but parse, whose failure means that the text is wrong."""
    tried = catch.parent.child_by_field_name("body") if catch.parent is not None else None
    if tried is None:
        return False
    names = {callee(node) for node in walk(tried) if node.type in {"call_expression", "new_expression"}}
    # What only handles the text before or after it does not fail.
    found = {name for name in names if name.rsplit(".", 1)[-1] not in _OF_TEXT and ".searchParams." not in name}
    return bool(found) and found <= _PARSERS


def function_name(function: Node) -> str:
    """Return what a function is called: its own name, or that of what it is given to; "" for one without a name."""
    named = function if function.child_by_field_name("name") is not None else function.parent
    if named is None or named.type not in {*FUNCTIONS, "variable_declarator", "pair", "assignment_expression"}:
        return ""
    name = next((text(found) for field in ("name", "key", "left") if (found := named.child_by_field_name(field))), "")
    return name.rsplit(".", 1)[-1].lstrip("_#")


def is_async(function: Node) -> bool:
    """Whether a function is declared ``async``."""
    return any(child.type == "async" for child in function.children)


def imported_modules(file: TreeFile, *, with_types: bool = True) -> list[tuple[str, int]]:
    """Return every module imported or required, with its line; `import type` only when asked for."""
    if (known := file.memory.get(("modules", with_types))) is not None:
        return known  # type: ignore[return-value]
    found = []
    for node in file.nodes("import_statement"):
        sources = [node, *(child for child in node.named_children if child.type == "import_require_clause")]
        for one in sources:
            name = string_value(one.child_by_field_name("source"))
            if name is not None and (with_types or not is_of_types(node)):
                found.append((name, node.start_point[0] + 1))
    found += [
        (name, node.start_point[0] + 1)
        for node in file.nodes("call_expression")
        if (name := required(node)) is not None
    ]
    file.memory["modules", with_types] = found
    return found


def libraries(file: TreeFile) -> list[Library]:
    """Return the libraries that matter for errors among the imported modules."""
    found = [library_of_module("javascript", name.removeprefix("node:")) for name, _ in imported_modules(file)]
    return [library for library in found if library is not None]

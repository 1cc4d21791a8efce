"""Where the functions of a script begin and end and what they are called, read from its text.

A source map names tokens, not functions: the name at the place of a call is that of what was called. So functions are
read from the source itself, which most maps carry, as a person would: ``Cart.total``, ``warehouse.pick``, ``onClick``,
``<anonymous> in showDelivery``. Of a map without sources they are read from the minified script, and each name is
looked up in the map at the place where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Parser, Query, QueryCursor

from errtally.exporter.grouping.resolved import ANONYMOUS, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node


MAX_NAME: Final = 200
MAX_SOURCE_BYTES: Final = 64 << 20
_MAX_OWNERS: Final = 4

_GRAMMARS: Final = {
    "javascript": tree_sitter_javascript.language,
    "typescript": tree_sitter_typescript.language_typescript,
    "tsx": tree_sitter_typescript.language_tsx,
}
_EXTENSIONS: Final = {
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "tsx", "jsx": "javascript",
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "es6": "javascript", "es": "javascript",
}  # fmt: skip
_FUNCTIONS: Final = """[
  (function_declaration) (generator_function_declaration) (function_expression) (generator_function)
  (arrow_function) (method_definition)
] @function"""
_MARKUP: Final = frozenset(("vue", "svelte", "astro", "html"))
_SCRIPT: Final = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_FRONT_MATTER: Final = re.compile(r"\A---\r?\n(.*?)\n---", re.DOTALL)
_NOT_LINE_END: Final = re.compile(r"[^\n]")
_AROUND: Final = frozenset(
    ("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression", "type_assertion")
)
_ASSIGNMENTS: Final = frozenset(
    ("assignment_expression", "augmented_assignment_expression", "assignment_pattern", "object_assignment_pattern")
)
_TARGETS: Final = {
    "variable_declarator": "name", "public_field_definition": "name", "field_definition": "name", "pair": "key",
    "required_parameter": "pattern", "optional_parameter": "pattern",
}  # fmt: skip
_HOLDERS: Final = frozenset(("module", "exports", "window", "globalThis", "self", "global"))
"""What something is put into without becoming a part of it."""

_FIELDS: Final = frozenset(("public_field_definition", "field_definition"))
_PATTERNS: Final = frozenset(("object_pattern", "array_pattern"))
_CLASSES: Final = frozenset(("class_declaration", "class", "abstract_class_declaration"))
_PATH: Final = re.compile(r"[\w$#]+(?:\.[\w$#]+)*")

Translate = Callable[[str, int, int], str | None]
"""Gives the original of a name in a minified script, by its text, line and column, None where nobody knows it."""

Pieces = list[tuple[str, "Node | None"]]
"""Names that make up a function's, the outermost first, with the nodes that they come from."""


class Begin(NamedTuple):
    """From here on, up to the next one, code belongs to a function; ``name`` is "" outside of all functions."""

    line: int
    column: int
    name: str


def begins(text: str, url: str, translate: Translate | None = None) -> list[Begin]:
    """Return where the code of each function begins, and where that of the one around it goes on.

    Args:
        text: of the source.
        url: its name, whose extension tells the language.
        translate: of a minified script; None reads names as they stand.

    Returns:
        In order; columns are UTF-16 code units. Empty for a language that is not read.
    """
    if len(text) > MAX_SOURCE_BYTES:
        return []
    language = _language(url)
    if language == "":
        return []
    if language == "markup":
        text, language = _scripts(text)
    encoded = text.encode("utf-8", "replace")
    root = _parser(language).parse(encoded).root_node
    if root.has_error and language == "javascript" and translate is None:
        typed = _parser("tsx").parse(encoded).root_node  # Flow's types are near enough
        if not typed.has_error:
            root, language = typed, "tsx"
    nodes = QueryCursor(_query(language)).captures(root).get("function", [])
    columns = _Columns(encoded, is_ascii=text.isascii())
    return list(_in_order(sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)), columns, translate))


def _in_order(nodes: list[Node], columns: _Columns, translate: Translate | None) -> Iterator[Begin]:
    """Give the places where the function changes. Functions lie in each other or beside each other."""
    inside: list[tuple[int, tuple[int, int], str, str]] = []  # where each ends, its name, the nearest one with a name

    def leave(before: int) -> Iterator[Begin]:
        while inside and inside[-1][0] <= before:
            _, end, _, _ = inside.pop()
            yield Begin(*end, inside[-1][2] if inside else "")

    for node in nodes:
        yield from leave(node.start_byte)
        own = _name(node, columns, translate)
        around = inside[-1][3] if inside else OUTSIDE
        name = own or f"{ANONYMOUS} in {around}"
        inside.append((node.end_byte, columns.of(node.end_point), name, own or around))
        yield Begin(*columns.of(node.start_point), name)
    yield from leave(1 << 62)


class _Columns:
    """Turns tree-sitter's columns, which are bytes, into JavaScript's."""

    def __init__(self, text: bytes, *, is_ascii: bool) -> None:
        self._lines = None if is_ascii else text.split(b"\n")

    def of(self, point: tuple[int, int]) -> tuple[int, int]:
        row, column = point
        if self._lines is None or row >= len(self._lines):
            return row, column
        before = self._lines[row][:column]
        return row, column if before.isascii() else len(before.decode("utf-8", "replace").encode("utf-16-le")) // 2


def _name(node: Node, columns: _Columns, translate: Translate | None) -> str:
    """Return what a function is called, "" for an anonymous one."""
    pieces = _pieces(node)
    if translate is not None:
        found: list[str] = []
        for text, node_of_name in pieces:
            place = columns.of(node_of_name.start_point) if node_of_name is not None else (0, 0)
            original = text if node_of_name is None else translate(text, *place)
            if original is None:
                if text == pieces[-1][0]:
                    return ""
                continue  # a class whose name nobody knows says nothing
            found.append(original)
        words = found
    else:
        words = [text for text, _ in pieces]
    name = ".".join(words).replace("new .", "new ")
    return name[:MAX_NAME]


def _pieces(node: Node) -> Pieces:
    """Return the names that make up a function's; [] for an anonymous one."""
    if node.type == "method_definition":
        named = node.child_by_field_name("name")
        holder = node.parent
        if named is None:
            return []
        if holder is not None and holder.type == "class_body":
            owner = _class_name(holder.parent)
            if _text(named) == "constructor":
                return [("new ", None), *owner] if owner else [("constructor", None)]
            return [*owner, (_text(named), named)]
        return [*_object_name(holder, 0), (_text(named), named)]
    own = node.child_by_field_name("name")
    assigned = _assigned(node, 0)
    if assigned:
        return assigned
    return [(_text(own), own)] if own is not None else []


def _assigned(node: Node, depth: int) -> Pieces:
    """Return the names of what a value is assigned to, as engines infer them; [] when it is to nothing."""
    parent = node.parent
    while parent is not None and parent.type in _AROUND:
        node, parent = parent, parent.parent
    if parent is None or depth > _MAX_OWNERS:
        return []
    kind = parent.type
    if kind == "jsx_expression" and parent.parent is not None and parent.parent.type == "jsx_attribute":
        return _piece(parent.parent.named_children[0])
    if kind == "export_statement":
        return [("default", None)] if node.child_by_field_name("name") is None else []
    value = parent.child_by_field_name("right" if kind in _ASSIGNMENTS else "value")
    if value is None or value.start_byte != node.start_byte:
        return []
    if kind in _ASSIGNMENTS:
        return _target(parent.child_by_field_name("left"))
    target = parent.child_by_field_name(_TARGETS.get(kind, "")) if kind in _TARGETS else None
    if target is None and kind == "field_definition":
        target = parent.child_by_field_name("property")
    if target is None or target.type in _PATTERNS:
        return []
    if kind == "pair":
        return [*_object_name(parent.parent, depth + 1), *_piece(target)]
    owner = _class_name(parent.parent.parent) if kind in _FIELDS and parent.parent is not None else []
    return [*owner, *_piece(target)]


def _piece(node: Node) -> Pieces:
    return [(_text(node).strip("'\""), node)]


def _target(left: Node | None) -> Pieces:
    """Return the names of the left side of an assignment: of ``Shop.prototype.price`` Shop and price."""
    if left is None:
        return []
    if left.type in {"identifier", "shorthand_property_identifier_pattern"}:
        return [(_text(left), left)]
    if left.type != "member_expression" or _PATH.fullmatch(_text(left)) is None:
        return []
    pieces: Pieces = []
    part: Node | None = left
    while part is not None and part.type == "member_expression":
        name = part.child_by_field_name("property")
        if name is None:
            return []
        pieces.append((_text(name), name))
        part = part.child_by_field_name("object")
    if part is not None and part.type == "identifier" and _text(part) not in _HOLDERS:
        pieces.append((_text(part), part))
    pieces = [piece for piece in pieces if piece[0] not in {"prototype", "exports"}]
    return pieces[:_MAX_OWNERS][::-1]


def _class_name(node: Node | None) -> Pieces:
    if node is None or node.type not in _CLASSES:
        return []
    assigned = _assigned(node, 1) if node.type == "class" else []
    if assigned:
        return assigned
    named = node.child_by_field_name("name")
    return [(_text(named), named)] if named is not None else []


def _object_name(node: Node | None, depth: int) -> Pieces:
    if node is None or node.type != "object":
        return []
    found = _assigned(node, depth)
    return [] if found == [("default", None)] else found


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")[:MAX_NAME]


def _language(url: str) -> str:
    """Return the grammar for a source, "" when it is in a language that is not read."""
    # Turbopack writes what kind of module it is behind the name: "page.tsx [app-client] (ecmascript)".
    path = url.partition("?")[0].partition(" ")[0]
    extension = path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    if extension in _MARKUP:
        return "markup"
    return _EXTENSIONS.get(extension, "tsx" if not extension else "")


def _scripts(text: str) -> tuple[str, str]:
    """Return the scripts of a component, all else blank so that places stay, and their language."""
    kept = list(_NOT_LINE_END.sub(" ", text))
    language = "javascript"
    for match in (*_SCRIPT.finditer(text), *_FRONT_MATTER.finditer(text)):
        group = match.lastindex or 0
        kept[match.start(group) : match.end(group)] = match[group]
        if group == 1 or re.search(r"\blang\s*=\s*['\"]?ts", match[1]):
            language = "typescript"
    return "".join(kept), language


@lru_cache(maxsize=4)
def _parser(language: str) -> Parser:
    return Parser(_grammar(language))


@lru_cache(maxsize=4)
def _query(language: str) -> Query:
    return Query(_grammar(language), _FUNCTIONS)


@lru_cache(maxsize=4)
def _grammar(language: str) -> Language:
    return Language(_GRAMMARS[language]())

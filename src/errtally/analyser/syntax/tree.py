"""A file parsed by tree-sitter: the grammars, nodes by kind, and questions that are the same in every language."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_go
import tree_sitter_java
import tree_sitter_javascript
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from errtally.analyser.model import Confidence, Hit
from errtally.analyser.syntax.reasons import is_reason, is_reason_above

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

FUNCTIONS = frozenset({
    "function_declaration", "function_expression", "arrow_function", "method_definition", "generator_function",
    "generator_function_declaration", "method_declaration", "constructor_declaration", "lambda_expression",
    "func_literal", "class_declaration", "class_body",
})  # fmt: skip
"""Kinds of nodes that begin a scope of their own, in all languages."""

COMMENTS = frozenset({"comment", "line_comment", "block_comment"})

_GROUP_LINES = 5
"""Lines of one thing that is done, above which a comment may stand for all of them."""
_IGNORES = re.compile(
    r"\b(?:ignor|best[- ]effort|does ?n.t matter|don.t care|on purpose|intentional|deliberate)", re.IGNORECASE
)
_LINTED = re.compile(r"//\s*nolint:\s*[\w,\s]*\b(?:errcheck|nilerr|gosec|nilnil)\b")


@cache
def grammar(name: str) -> Language:
    """Return a grammar: javascript, typescript, tsx, java or go."""
    pointers = {
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_typescript,
        "tsx": tree_sitter_typescript.language_tsx,
        "java": tree_sitter_java.language,
        "go": tree_sitter_go.language,
    }
    return Language(pointers[name]())


@cache
def _query(name: str, kinds: tuple[str, ...]) -> Query:
    """One query for all kinds, which tree-sitter runs in C; kinds that a grammar lacks are left out."""
    language = grammar(name)
    known = [kind for kind in kinds if language.id_for_node_kind(kind, True) is not None]
    return Query(language, "\n".join(f"({kind}) @{kind}" for kind in known))


class TreeFile:
    """A file of JavaScript, TypeScript, Java or Go."""

    def __init__(self, path: str, language: str, grammar_name: str, source: bytes, kinds: Collection[str]) -> None:
        self.path = path
        self.language = language
        self.grammar = grammar_name
        self.source = source
        self.lines = source.decode("utf-8", "replace").split("\n")
        self.tree = Parser(grammar(grammar_name)).parse(source)
        self.root = self.tree.root_node
        captures = QueryCursor(_query(grammar_name, tuple(sorted(kinds)))).captures(self.root)
        self._nodes: dict[str, list[Node]] = {
            kind: sorted(found, key=lambda node: (node.start_byte, node.end_byte)) for kind, found in captures.items()
        }
        self.folder: Path | None = None
        self.memory: dict[object, object] = {}

    def nodes(self, *kinds: str) -> Iterator[Node]:
        """Yield the nodes of kinds that were asked for when the file was parsed."""
        for kind in kinds:
            yield from self._nodes.get(kind, [])

    def hit(self, node: Node, message: str, confidence: Confidence | None = None) -> Hit:
        """Make a hit of a node's place."""
        row, offset = node.start_point
        before = self.source[node.start_byte - offset : node.start_byte]
        return Hit(row + 1, len(before.decode("utf-8", "replace")) + 1, node.end_point[0] + 1, message, confidence)

    def error_line(self) -> int:
        """Return the line of the first syntax error, 0 when there is none."""
        if not self.root.has_error:
            return 0
        node = self.root
        while True:
            if node.is_error or node.is_missing:
                return node.start_point[0] + 1
            inner = next((child for child in node.children if child.has_error or child.is_missing), None)
            if inner is None:
                return node.start_point[0] + 1
            node = inner


def text(node: Node | None) -> str:
    """Return a node's source."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def ancestors(node: Node) -> Iterator[Node]:
    """Yield the nodes around a node, the nearest first."""
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def within(node: Node, kinds: Collection[str], stop: Collection[str] = FUNCTIONS) -> Node | None:
    """Return the nearest node of the kinds around a node, unless one of ``stop`` comes first."""
    for above in ancestors(node):
        if above.type in kinds:
            return above
        if above.type in stop:
            return None
    return None


def walk(node: Node, stop: Collection[str] = ()) -> Iterator[Node]:
    """Yield a node and what it holds, in the order of the source, without what stands inside of ``stop``."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if current is node or current.type not in stop:
            stack.extend(reversed(current.children))


def walk_scope(node: Node) -> Iterator[Node]:
    """Walk without entering functions and classes that are defined within."""
    return walk(node, FUNCTIONS)


def statements(block: Node | None) -> list[Node]:
    """Return a block's statements, without comments; Go has a list in between."""
    if block is None:
        return []
    found = [child for child in block.named_children if child.type not in COMMENTS and child.type != "empty_statement"]
    if len(found) == 1 and found[0].type == "statement_list":
        return statements(found[0])
    return found


def has_comment(node: Node) -> bool:
    """Whether a comment anywhere within a node says why."""
    return any(child.type in COMMENTS and is_reason(text(child)) for child in walk(node))


def is_explained(file: TreeFile, node: Node) -> bool:
    """Whether a comment that ends a node's first line, or stands alone right above it, says why."""
    row = node.start_point[0]
    if is_reason(_comment_at_end(file, row)):
        return True
    above = row - 1
    while above >= 0 and file.lines[above].strip().startswith(("//", "/*", "*")):
        comment = _comment_at_end(file, above)
        if not comment:
            return False
        if is_reason_above(comment):
            return True
        above -= comment.count("\n") + 1
    return False


def is_explained_above(file: TreeFile, node: Node) -> bool:
    """Whether a comment says why that stands above the lines, without an empty one, that end with a node's."""
    row = node.start_point[0]
    for above in range(row - 1, max(row - 1 - _GROUP_LINES, -1), -1):
        line = file.lines[above].strip()
        if not line or (line.endswith("{") and not line.startswith("if ")):
            return False
        if line.startswith(("//", "/*", "*")):
            comment = _comment_at_end(file, above)
            return _IGNORES.search(comment) is not None and is_reason_above(comment)
    return False


def is_linted(file: TreeFile, node: Node) -> bool:
    """Whether a line tells Go's linters that an error is left out on purpose: `//nolint:errcheck`."""
    return _LINTED.search(file.lines[node.start_point[0]]) is not None


def _comment_at_end(file: TreeFile, row: int) -> str:
    """The comment to which the last character of a line belongs, "" when it belongs to none."""
    column = len(file.lines[row].rstrip().encode("utf-8", "replace"))
    if not column:
        return ""
    found = file.root.descendant_for_point_range((row, column - 1), (row, column))
    return text(found) if found is not None and found.type in COMMENTS else ""


def identifiers(node: Node | None) -> set[str]:
    """Return every identifier that stands within a node."""
    if node is None:
        return set()
    return {text(child) for child in walk(node) if child.type in {"identifier", "shorthand_property_identifier"}}


def arguments(call: Node) -> list[Node]:
    """Return the arguments of a call, without comments."""
    return [
        child for child in (call.child_by_field_name("arguments") or call).named_children if child.type not in COMMENTS
    ]


def string_value(node: Node | None) -> str | None:
    """Return what a plain string literal says, None for anything else."""
    if node is None or node.type not in {
        "string",
        "string_literal",
        "interpreted_string_literal",
        "raw_string_literal",
    }:
        return None
    return text(node)[1:-1]


def has_ancestor(node: Node, other: Node) -> bool:
    """Whether ``other`` holds ``node``."""
    return other.start_byte <= node.start_byte and node.end_byte <= other.end_byte

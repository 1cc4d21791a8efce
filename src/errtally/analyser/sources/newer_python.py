"""Python that is newer than the interpreter, rewritten by tree-sitter-python to what the interpreter parses.

What is new since the oldest interpreter that is supported is taken away or put in older words of the same length or
less, so that every line and nearly every column stay where they are: type parameters, `type` statements, quotes nested
in f-strings, template strings, `except A, B:` and lazy imports.
"""

from __future__ import annotations

import re
from functools import cache

import tree_sitter_python
from tree_sitter import Language, Node, Parser

_EXCEPT = re.compile(rb"^(\s*except\*?\s+)([\w.]+(?:\s*,\s*[\w.]+)+)(\s*:)", re.MULTILINE)
_LAZY = re.compile(rb"^([ \t]*)lazy[ \t]+((?:import|from)\s)", re.MULTILINE)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_python.language()))


def rewritten(text: str) -> str | None:
    """Return the text without what is newer than the oldest interpreter; None when there is nothing of the kind."""
    source = _LAZY.sub(rb"\1\2", text.encode("utf-8", "surrogatepass"))
    source = _EXCEPT.sub(rb"\1(\2)\3", source)
    edits: list[tuple[int, int, bytes]] = []
    stack = [_parser().parse(source).root_node]
    while stack:
        node = stack.pop()
        if (edit := _edit(node, source)) is not None:
            edits.append(edit)
        else:
            stack.extend(node.children)
    for start, end, words in sorted(edits, reverse=True):
        source = source[:start] + words + source[end:]
    found = source.decode("utf-8", "surrogatepass")
    return found if found != text else None


def _edit(node: Node, source: bytes) -> tuple[int, int, bytes] | None:
    """Start, end and what takes the place of a node that is newer; None for all others."""
    old = source[node.start_byte : node.end_byte]
    if (
        node.type == "type_parameter"
        and node.parent is not None
        and node.parent.type
        in {
            "function_definition",
            "class_definition",
        }
    ):
        return node.start_byte, node.end_byte, _blank(old)
    if node.type == "type_alias_statement":
        return node.start_byte, node.end_byte, b"pass" + _blank(old[4:])
    if node.type == "string" and (old[:1] in b"fFtT" or old[1:2] in b"fFtT"):
        return _string(node, old)
    return None


def _string(node: Node, old: bytes) -> tuple[int, int, bytes] | None:
    """A template string, or an f-string whose expressions hold its own quotes, as a call with its expressions."""
    opening = next((child for child in node.children if child.type == "string_start"), None)
    if opening is None:
        return None
    quote = (opening.text or b"").lstrip(b"fFtTrRbBuU")
    inner = [child for child in node.children if child.type == "interpolation"]
    is_template = b"t" in (opening.text or b"").lower()[: -len(quote)]
    is_nested = any(
        quote in (child.text or b"") or b"\\" in (child.text or b"") or b"\n" in (child.text or b"") for child in inner
    )
    if not is_template and not is_nested:
        return None
    values = [found.text or b"" for child in inner if (found := child.child_by_field_name("expression")) is not None]
    made = b'"".format(' + b",".join(value.replace(b"\n", b" ") for value in values) + b")"
    newlines = old.count(b"\n")
    # Lines stay where they are: the newlines of the string go on within the brackets.
    return node.start_byte, node.end_byte, made[:-1] + b"\n" * newlines + b")"


def _blank(old: bytes) -> bytes:
    return bytes(byte if byte in b"\n\r" else 32 for byte in old)

"""JavaScript, TypeScript, Java and Go: errors made with a secret in their text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.checks.secrets.words import is_secret, names_file
from errtally.analyser.syntax import go, java, javascript
from errtally.analyser.syntax.go import verbs
from errtally.analyser.syntax.tree import TreeFile, arguments, string_value, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_NAMES = {"identifier", "member_expression", "selector_expression", "field_access"}


def _secret(node: Node) -> str:
    """The secret's name when a node is a name or a member."""
    if node.type not in _NAMES:
        return ""
    owner, _, name = text(node).rpartition(".")
    # `secret.secret` is what a record about a secret calls it.
    if owner and owner.rsplit(".", 1)[-1] == name:
        return ""
    return name if is_secret(name) and not name.isupper() else ""


def _in_text(node: Node) -> str:
    """The first secret that a template or a sum of texts holds."""
    if node.type == "template_string":
        parts = [
            part.named_children[0]
            for part in node.named_children
            if part.type == "template_substitution" and part.named_child_count and not names_file(_before(part))
        ]
    elif node.type == "binary_expression" and text(node.child_by_field_name("operator")) == "+":
        sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
        before = string_value(_last(sides[0])) or ""
        parts = [side for side in sides if side is not None and not (side is sides[1] and names_file(before))]
    else:
        return ""
    return next((found for part in parts if (found := _secret(part) or _in_text(part))), "")


def _before(part: Node) -> str:
    """The text of a template right before a value."""
    previous = part.prev_named_sibling
    return text(previous) if previous is not None and previous.type == "string_fragment" else ""


def _last(node: Node | None) -> Node | None:
    """The last part of a sum."""
    while node is not None and node.type == "binary_expression":
        node = node.child_by_field_name("right")
    return node


def _created(file: TreeFile, node: Node) -> Iterator[Hit]:
    value = node.named_children[0] if node.named_child_count else None
    if value is None or value.type not in {"new_expression", "object_creation_expression"}:
        return
    for argument in arguments(value):
        if name := _in_text(argument):
            yield file.hit(node, f"The error's message holds {name!r}.")
            return


def _javascript_log(file: TreeFile, node: Node) -> Iterator[Hit]:
    if javascript.log_level(node) or javascript.is_console(node):
        for argument in arguments(node):
            if name := _in_text(argument) or _secret(argument):
                yield file.hit(node, f"The log record holds {name!r}.")
                return


def _java_log(file: TreeFile, node: Node) -> Iterator[Hit]:
    if java.log_level(node):
        for argument in arguments(node):
            if name := _in_text(argument) or _secret(argument):
                yield file.hit(node, f"The log record holds {name!r}.")
                return


def _go(file: TreeFile, node: Node) -> Iterator[Hit]:
    if go.callee(node) in {"fmt.Errorf", "errors.New", "errors.Errorf", "errors.Wrapf"} or go.log_level(node):
        given = arguments(node)
        layout = string_value(given[0]) if given else None
        # %T writes the type of a value and not the value.
        shown = ["", *verbs(layout)] if layout is not None else []
        for index, argument in enumerate(given):
            is_type = index < len(shown) and shown[index] == "T"
            if not is_type and (name := _in_text(argument) or _secret(argument)):
                yield file.hit(node, f"The message holds {name!r}.")
                return


RULES = (
    TreeRule((*JAVASCRIPT, "java"), ("throw_statement",), _created),
    TreeRule(JAVASCRIPT, ("call_expression",), _javascript_log),
    TreeRule(("java",), ("method_invocation",), _java_log),
    TreeRule(("go",), ("call_expression",), _go),
)

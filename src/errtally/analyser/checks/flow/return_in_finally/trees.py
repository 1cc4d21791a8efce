"""JavaScript, TypeScript and Java, whose grammars name these nodes alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.tree import FUNCTIONS, TreeFile, is_explained, text, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_LOOPS = frozenset({
    "for_statement", "for_in_statement", "while_statement", "do_statement", "enhanced_for_statement",
})  # fmt: skip
_JUMPS = frozenset({"break_statement", "continue_statement"})


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    for leaving in _leaving(node, _Inside()):
        word = leaving.type.removesuffix("_statement")
        # ESLint has a rule for this; whoever switches it off here means it.
        is_said = is_explained(file, leaving) or "no-unsafe-finally" in text(node)
        # `if (done) throw e` mostly asks whether another error is on its way.
        is_said = is_said or (
            word == "throw" and within(leaving, {"if_statement"}, stop={"finally_clause"}) is not None
        )
        confidence = Confidence.MEDIUM if word == "throw" else None
        yield file.hit(
            leaving,
            f"`{word}` in `finally` drops the error that is on its way.",
            Confidence.LOW if is_said else confidence,
        )


@dataclass(frozen=True, slots=True)
class _Inside:
    """What stands around a node within the `finally`: it decides where a jump leads.

    Attributes:
        labels: of statements within.
        is_caught: whether a `try` with a `catch` takes what is thrown.
    """

    is_loop: bool = False
    is_switch: bool = False
    labels: frozenset[str] = frozenset()
    is_caught: bool = False


def _leaving(node: Node, inside: _Inside) -> Iterator[Node]:
    if node.type in {"return_statement", *_JUMPS}:
        if node.type == "return_statement" or _jumps_out(node, inside):
            yield node
        return
    if node.type == "throw_statement":
        if not inside.is_caught:
            yield node
        return
    if node.type in FUNCTIONS:
        return
    if node.type in _LOOPS:
        inside = replace(inside, is_loop=True)
    elif node.type.startswith("switch_"):
        inside = replace(inside, is_switch=True)
    elif node.type == "labeled_statement" and (label := _label(node)):
        inside = replace(inside, labels=inside.labels | {label})
    has_handler = node.type == "try_statement" and any(child.type == "catch_clause" for child in node.named_children)
    for child in node.named_children:
        is_tried = has_handler and child == node.child_by_field_name("body")
        yield from _leaving(child, replace(inside, is_caught=True) if is_tried else inside)


def _jumps_out(jump: Node, inside: _Inside) -> bool:
    if label := _label(jump):
        return label not in inside.labels
    return not inside.is_loop and not (inside.is_switch and jump.type == "break_statement")


def _label(node: Node) -> str:
    """The label of a statement or of a jump, "" when it has none."""
    named = node.child_by_field_name("label") or next(iter(node.named_children), None)
    return text(named) if named is not None and named.type in {"statement_identifier", "identifier"} else ""


RULES = (TreeRule((*JAVASCRIPT, "java"), ("finally_clause",), _find),)

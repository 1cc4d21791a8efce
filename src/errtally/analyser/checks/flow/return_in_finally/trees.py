"""JavaScript, TypeScript and Java, whose grammars name these nodes alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.tree import FUNCTIONS, TreeFile, is_explained, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_LOOPS = frozenset({
    "for_statement", "for_in_statement", "while_statement", "do_statement", "enhanced_for_statement",
})  # fmt: skip
_JUMPS = frozenset({"break_statement", "continue_statement"})


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    for leaving in _leaving(node, in_loop=False):
        word = leaving.type.removesuffix("_statement")
        # ESLint has a rule for this; whoever switches it off here means it.
        is_said = is_explained(file, leaving) or "no-unsafe-finally" in text(node)
        confidence = Confidence.LOW if is_said else None
        yield file.hit(leaving, f"`{word}` in `finally` drops the error that is on its way.", confidence)


def _leaving(node: Node, *, in_loop: bool) -> Iterator[Node]:
    if node.type == "return_statement" or (node.type in _JUMPS and not in_loop):
        yield node
    elif node.type not in FUNCTIONS:
        inner = in_loop or node.type in _LOOPS or node.type.startswith("switch_")
        for child in node.named_children:
            yield from _leaving(child, in_loop=inner)


RULES = (TreeRule((*JAVASCRIPT, "java"), ("finally_clause",), _find),)

"""Go: `fmt.Errorf("...: %v", err)` where `%w` would keep the error for errors.Is and errors.As."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, is_error_name, verbs
from errtally.analyser.syntax.tree import TreeFile, arguments, string_value, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if callee(node) != "fmt.Errorf":
        return
    given = arguments(node)
    layout = string_value(given[0]) if given else None
    if layout is None or "[" in layout or "*" in layout:
        return
    found = verbs(layout)
    if "w" in found:
        return
    for verb, argument in zip(found, given[1:], strict=False):
        name = text(argument)
        if verb in "vs" and argument.type == "identifier" and is_error_name(name) and name != "e":
            message = f"%{verb} keeps only the text of {name}; %w keeps the error."
            yield file.hit(node, message, Confidence.HIGH if name == "err" else None)
            return


RULES = (TreeRule(("go",), ("call_expression",), _find),)

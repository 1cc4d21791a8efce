"""Go: `fmt.Errorf("...: %v", err)` where `%w` would keep the error for errors.Is and errors.As."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, checked_error, is_error_name, log_level, only_parsed, verbs
from errtally.analyser.syntax.tree import TreeFile, arguments, is_explained, string_value, text, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_ENDS = {
    "panic",
    "Fatal",
    "Fatalf",
    "Fatalln",
    "Exit",
    "Skip",
    "Skipf",
    "Error",
    "Errorf",
    "Print",
    "Println",
    "Printf",
}
"""What is called with an error that nobody asks anything any more."""


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
        name = _error(argument)
        if verb in "vs" and name:
            confidence = Confidence.HIGH if name == "err" else None
            if _nobody_asks(node, name) or is_explained(file, node):
                confidence = Confidence.LOW
            yield file.hit(node, f"%{verb} keeps only the text of {name}; %w keeps the error.", confidence)
            return


def _error(argument: Node) -> str:
    """The name ``err`` of the arguments ``err`` and ``err.Error()``; "" for others."""
    if argument.type == "call_expression" and callee(argument).endswith(".Error") and not arguments(argument):
        name = callee(argument).removesuffix(".Error")
    else:
        name = text(argument) if argument.type == "identifier" else ""
    return name if is_error_name(name) and name != "e" else ""


def _nobody_asks(node: Node, name: str) -> bool:
    """Whether the new error only goes to a panic or a log, or the old one says nothing that a caller could ask for."""
    outer = node.parent.parent if node.parent is not None else None
    if outer is not None and outer.type == "call_expression":
        called = callee(outer)
        if called.rsplit(".", 1)[-1] in _ENDS or log_level(outer):
            return True
    above = within(node, {"if_statement"})
    while above is not None and checked_error(above) != name:
        above = within(above, {"if_statement"})
    return above is not None and only_parsed(above, name)


RULES = (TreeRule(("go",), ("call_expression",), _find),)

"""Go: `logrus.Errorf("...%v", err)` and `slog.Error(fmt.Sprintf(...))` where the logger takes fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, is_error_name, libraries, log_level
from errtally.analyser.syntax.tree import TreeFile, arguments, text, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    if log_level(node) not in {"error", "critical"} or not any(library.is_structured for library in libraries(file)):
        return
    name, given = callee(node), arguments(node)
    if name.startswith(("log.Fatal", "log.Panic", "log.Print")) or not given:
        return
    is_layout = name.endswith("f") and any(one.type == "identifier" and is_error_name(text(one)) for one in given[1:])
    first = given[0]
    is_text = first.type in {"call_expression", "binary_expression"} and any(
        child.type == "identifier" and is_error_name(text(child)) for child in walk(first)
    )
    if is_layout:
        # Whoever writes a layout chose that way of a logger that has both.
        yield file.hit(node, "The error is formatted into the message instead of a field.", Confidence.LOW)
    elif is_text and (first.type == "binary_expression" or callee(first) == "fmt.Sprintf"):
        yield file.hit(node, "The error is formatted into the message instead of a field.")


RULES = (TreeRule(("go",), ("call_expression",), _find),)

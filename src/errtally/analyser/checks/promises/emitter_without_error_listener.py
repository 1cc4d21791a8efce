"""`promises/emitter-without-error-listener`: a stream, socket or process whose `error` event nobody listens to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.javascript_imports import called_import
from errtally.analyser.syntax.tree import TreeFile, arguments, string_value, text, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_MAKERS = {
    "fs.createReadStream", "fs.createWriteStream", "net.connect", "net.createConnection", "tls.connect", "http.request",
    "https.request", "http.get", "https.get", "child_process.spawn", "fs-extra.createReadStream",
    "fs-extra.createWriteStream",
}  # fmt: skip
_ADDING = {"on", "once", "addListener", "addEventListener"}


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    value, name = node.child_by_field_name("value"), text(node.child_by_field_name("name"))
    if value is None or value.type != "call_expression" or called_import(file, value) not in _MAKERS:
        return
    is_listened, is_used = False, False
    for mention in walk(file.root):
        if mention.type != "identifier" or text(mention) != name or mention.parent == node:
            continue
        parent = mention.parent
        if parent is None or parent.type != "member_expression":
            # Handed on or returned: whoever takes it may listen.
            return
        is_used = True
        is_listened = is_listened or _listens(parent)
    if is_used and not is_listened:
        yield file.hit(node, f"Nobody listens to errors of {name!r}; the first one ends the process.")


def _listens(member: Node) -> bool:
    """Whether an `error` listener is added here, or further on in the chain that begins here."""
    node: Node | None = member
    while node is not None and node.type in {"member_expression", "call_expression"}:
        if node.type == "call_expression":
            function = node.child_by_field_name("function")
            given = arguments(node)
            if function is not None and text(function.child_by_field_name("property")) in _ADDING and given:
                event = string_value(given[0])
                if event == "error" or event is None:
                    return True
        node = node.parent
    return False


CHECK = Check(
    name="promises/emitter-without-error-listener",
    cwe=248,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="emitter without an error listener",
    why="An `error` event without a listener is thrown, outside of every `try`, and ends the process.",
    instead="`stream.on('error', report)`, or `await pipeline(...)` of `node:stream/promises`.",
    rules=(TreeRule(JAVASCRIPT, ("variable_declarator",), _find),),
)

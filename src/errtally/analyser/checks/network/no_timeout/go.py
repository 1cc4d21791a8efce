"""Go: the default http client, a client made without Timeout, `net.Dial`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import full_name, imported
from errtally.analyser.syntax.tree import TreeFile, arguments, string_value, text, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_DEFAULT = {f"net/http.{name}" for name in ("Get", "Post", "PostForm", "Head", "DefaultClient.Do", "DefaultClient.Get")}


def _call(file: TreeFile, node: Node) -> Iterator[Hit]:
    name = full_name(file, node)
    if name in _DEFAULT:
        if name.endswith(".Do") and _has_deadline(node):
            return
        yield file.hit(node, f"{name.removeprefix('net/')} uses a client without a timeout.")
    elif name == "net.Dial" and (string_value(arguments(node)[0]) or "").startswith("tcp"):
        # UDP and sockets of the same machine have nobody to wait for; a variable may mean them.
        yield file.hit(node, "net.Dial waits for as long as the system likes.", Confidence.MEDIUM)


def _has_deadline(node: Node) -> bool:
    """Whether the function around makes its requests with a context, which says how long they may take."""
    where = text(within(node, {"function_declaration", "method_declaration"}, stop=()))
    return any(word in where for word in ("WithTimeout", "WithDeadline", "WithContext("))


def _client(file: TreeFile, node: Node) -> Iterator[Hit]:
    if text(node.child_by_field_name("type")) != "http.Client" or imported(file).get("http", ("", 0))[0] != "net/http":
        return
    if "Timeout" in text(node.child_by_field_name("body")):
        return
    function = within(node, {"function_declaration", "method_declaration"}, stop=())
    # Set afterwards, or a context with a deadline for each request.
    where = text(function)
    if any(word in where for word in (".Timeout", "WithTimeout", "WithDeadline", "WithContext(", ".Cancel = ")):
        return
    # A client that is kept has its requests made elsewhere in the file.
    is_bounded = any(word in file.source for word in (b"NewRequestWithContext(", b".WithContext("))
    confidence = Confidence.LOW if is_bounded else Confidence.MEDIUM
    yield file.hit(node, "http.Client without Timeout waits for ever.", confidence)


RULES = (TreeRule(("go",), ("call_expression",), _call), TreeRule(("go",), ("composite_literal",), _client))

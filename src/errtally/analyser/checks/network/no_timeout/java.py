"""Java: HttpClient, URL connections and sockets without a timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import callee, calls
from errtally.analyser.syntax.tree import TreeFile, ancestors, arguments, text, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


def _call(file: TreeFile, node: Node) -> Iterator[Hit]:
    name = callee(node)
    if name == "HttpClient.newHttpClient":
        yield file.hit(node, "HttpClient.newHttpClient() has no connect timeout.")
    elif name == "HttpClient.newBuilder":
        chain = [
            text(above.child_by_field_name("name")) for above in ancestors(node) if above.type == "method_invocation"
        ]
        if "build" in chain and "connectTimeout" not in chain:
            yield file.hit(node, "The HttpClient is built without connectTimeout.")
    elif name.endswith(".openStream") and _is_url(node):
        # An URL that is relative to another mostly leads to a file or into a jar.
        is_low = len(arguments(node.child_by_field_name("object") or node)) != 1
        yield file.hit(node, "URL.openStream() waits for ever.", Confidence.LOW if is_low else None)
    elif name.endswith(".openConnection") and not arguments(node):
        method = within(node, {"method_declaration", "constructor_declaration"}, stop=())
        called = calls(method)
        if method is not None and "setReadTimeout" not in called and "HttpURLConnection" in text(method):
            is_kept = any(
                child.type == "return_statement" and child.named_children[0].type == "identifier"
                for child in walk(method)
                if "onnection" in text(child) and child.named_child_count
            )
            yield file.hit(node, "The connection has no read timeout.", Confidence.LOW if is_kept else None)


def _is_url(node: Node) -> bool:
    target = node.child_by_field_name("object")
    return target is not None and target.type == "object_creation_expression" and "URL" in text(target)


def _created(file: TreeFile, node: Node) -> Iterator[Hit]:
    kind, given = text(node.child_by_field_name("type")), arguments(node)
    if kind == "Socket" and len(given) == 2:  # noqa: PLR2004 (host and port)
        # A factory's signature has no timeout to give.
        method = within(node, {"method_declaration"}, stop=())
        where = text(node.child_by_field_name("arguments"))
        if any(word in where for word in ("127.0.0.1", "localhost", "oopback")):
            return
        is_factory = method is not None and text(method.child_by_field_name("name")) == "createSocket"
        confidence = Confidence.LOW if is_factory else Confidence.MEDIUM
        yield file.hit(node, "new Socket(host, port) connects without a timeout.", confidence)
    elif kind == "RestTemplate" and not given:
        yield file.hit(node, "new RestTemplate() has no timeouts.", Confidence.MEDIUM)


RULES = (
    TreeRule(("java",), ("method_invocation",), _call),
    TreeRule(("java",), ("object_creation_expression",), _created),
)

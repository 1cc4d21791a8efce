"""Java: an empty `catch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import PROBES, calls, caught, is_meant
from errtally.analyser.syntax.tree import TreeFile, has_comment, is_explained, statements, text, walk_scope, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_CLEANUP = {
    "close", "delete", "deleteIfExists", "deleteFile", "shutdown", "disconnect", "destroy", "dispose", "release",
    "rollback", "unregister", "unregisterMBean", "cancel", "closeQuietly", "logout", "quit", "unsubscribe",
}  # fmt: skip
"""When these fail there is often nothing left to do."""
_QUIET = ("Quietly", "Silently", "close", "destroy", "dispose", "shutdown", "cleanup", "finalize")
"""Ends of names of methods that clean up."""
_HARMLESS_TYPES = {
    "NumberFormatException",
    "CloneNotSupportedException",
    "SecurityException",
    "MalformedURLException",
    "UnknownHostException",
    "NoSuchFieldException",
    "NoSuchMethodException",
    "ClassNotFoundException",
}


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    body, block = node.child_by_field_name("body"), node.parent
    types, name = caught(node)
    if body is None or block is None or statements(body) or "InterruptedException" in types:
        return
    tried = block.child_by_field_name("body")
    leaves = tried is not None and any(child.type == "return_statement" for child in walk_scope(tried))
    # Where a method or class may be missing, the block finds out what there is.
    beside = {kind for one in block.named_children if one.type == "catch_clause" for kind in caught(one)[0]}
    method = within(node, {"method_declaration"})
    is_quiet = method is not None and text(method.child_by_field_name("name")).endswith(_QUIET)
    is_low = (
        is_quiet
        or any("NotFound" in kind for kind in types)
        or is_explained(file, node)
        or is_explained(file, block)
        or has_comment(body)
        or is_meant(name)
        or leaves
        or bool(_HARMLESS_TYPES & {kind.rsplit(".", 1)[-1] for kind in beside})
        or bool(PROBES.intersection(calls(tried)))
        or bool(_CLEANUP.intersection(calls(tried)))
    )
    yield file.hit(node, f"{' | '.join(types)} is caught and dropped.", Confidence.LOW if is_low else Confidence.HIGH)


RULES = (TreeRule(("java",), ("catch_clause",), _find),)

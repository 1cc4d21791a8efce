"""JavaScript: `fetch` without a signal, axios and Node's http without a timeout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import imported_modules
from errtally.analyser.syntax.javascript_imports import called, called_import
from errtally.analyser.syntax.tree import TreeFile, arguments, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_AXIOS = {"axios", "axios.get", "axios.post", "axios.put", "axios.delete", "axios.patch", "axios.head", "axios.request"}
_NODE = {"http.get", "https.get", "http.request", "https.request"}


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    name, given = called(file, node), arguments(node)
    # Options that are not written here may hold anything.
    is_open = any(
        one.type not in {"string", "template_string", "object", "arrow_function", "function_expression"}
        for one in given[1:]
    )
    if name in {"fetch", "globalThis.fetch", "window.fetch"} and given:
        if is_open or _has_option(given, {"signal", "timeout"}):
            return
        if given[0].type not in {"string", "template_string", "binary_expression", "identifier", "member_expression"}:
            return
        # Visitors of a page reload it; a server has nobody who does.
        is_server = any(
            module.startswith("node:") or module in {"fs", "path", "http", "express", "koa", "fastify", "crypto"}
            for module, _ in imported_modules(file)
        )
        yield file.hit(
            node,
            "fetch without a signal waits for as long as the peer likes.",
            Confidence.MEDIUM if is_server else Confidence.LOW,
        )
    elif called_import(file, node) in _AXIOS and given:
        is_set = "axios.defaults.timeout" in text(file.root) or _has_option(given, {"timeout", "signal", "cancelToken"})
        is_open = any(one.type in {"identifier", "member_expression", "call_expression"} for one in given[-1:]) and (
            name in {"axios", "axios.request"}
            or len(given) > (1 if name in {"axios.get", "axios.delete", "axios.head"} else 2)
        )
        if not is_set and not is_open:
            yield file.hit(node, f"{name} without a timeout waits for ever.")
    elif called_import(file, node) in _NODE:
        has_timeout = "setTimeout" in text(file.root) or "'timeout'" in text(file.root) or "timeout:" in text(file.root)
        is_open = bool(given) and given[0].type in {"identifier", "member_expression", "call_expression"}
        if not has_timeout and not is_open and given:
            yield file.hit(node, f"{name} without a timeout waits for ever.", Confidence.MEDIUM)


def _has_option(given: list[Node], names: set[str]) -> bool:
    """Whether an object among the arguments has a key, or spreads another object that may."""
    for argument in given:
        if argument.type == "object":
            for pair in argument.named_children:
                key = pair.child_by_field_name("key")
                if pair.type in {"spread_element", "shorthand_property_identifier"} and (
                    pair.type == "spread_element" or text(pair) in names
                ):
                    return True
                if key is not None and text(key).strip("'\"") in names:
                    return True
    return False


RULES = (TreeRule(JAVASCRIPT, ("call_expression",), _find),)

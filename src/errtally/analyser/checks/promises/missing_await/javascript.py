"""JavaScript and TypeScript: a statement that only calls an `async` function of the same file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import FUNCTIONS, is_async
from errtally.analyser.syntax.javascript_promises import dropped_calls, handles_itself, is_command, plain
from errtally.analyser.syntax.tree import TreeFile, ancestors, arguments, is_explained, text, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit


_CALLBACKS = {"resolve", "reject", "done", "cb", "callback", "next"}


def _functions(file: TreeFile) -> dict[str, Node]:
    """Functions and methods of this file that are async, by a name that nothing else in the file has."""
    if (known := file.memory.get("async_functions")) is not None:
        return known  # type: ignore[return-value]
    count: Counter[str] = Counter()
    found: dict[str, Node] = {}
    for node in walk(file.root):
        name, function = "", node
        if node.type in {"function_declaration", "method_definition", "function_signature", "method_signature"}:
            name = text(node.child_by_field_name("name"))
        elif node.type == "variable_declarator":
            name = text(node.child_by_field_name("name"))
            value = node.child_by_field_name("value")
            if value is not None and value.type in FUNCTIONS:
                function = value
        elif node.type in {"required_parameter", "optional_parameter"}:
            name = text(node.child_by_field_name("pattern"))
        elif node.type == "identifier" and node.parent is not None and node.parent.type == "formal_parameters":
            name = text(node)
        if name:
            count[name] += 1
            if function.type in FUNCTIONS and is_async(function):
                found[name] = function
    found = {name: node for name, node in found.items() if count[name] == 1}
    file.memory["async_functions"] = found
    return found


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    for call in dropped_calls(node):
        yield from _call(file, node, call)


def _call(file: TreeFile, node: Node, call: Node) -> Iterator[Hit]:
    function = plain(call.child_by_field_name("function"))
    if function is None:
        return
    if function.type in {"arrow_function", "function_expression"}:
        # `(async () => { ... })()`
        if is_async(function) and not handles_itself(function):
            is_low = not _in_function(node) and is_command(file)
            message = "Nobody waits for this async function, so its rejection reaches nobody."
            yield file.hit(call, message, Confidence.LOW if is_low or is_explained(file, node) else Confidence.MEDIUM)
        return
    if function.type == "identifier":
        name, wanted = text(function), {"function_declaration", "arrow_function", "function_expression"}
    elif function.type == "member_expression" and text(function.child_by_field_name("object")) == "this":
        name, wanted = text(function.child_by_field_name("property")), {"method_definition"}
    else:
        return
    target = _functions(file).get(name)
    if target is None or target.type not in wanted or handles_itself(target):
        return
    # At the top of a script there is nothing that could wait, and an unhandled rejection is at least loud.
    # With `resolve` and `reject`, or a callback, it tells its outcome by them.
    tells = any(text(one).lower() in _CALLBACKS for one in arguments(call))
    # Who tells listeners of an event does not wait for them.
    is_low = (
        name in {"emit", "once", "on", "off", "notify"} or not _in_function(node) or tells or is_explained(file, node)
    )
    confidence = Confidence.LOW if is_low else Confidence.MEDIUM
    yield file.hit(call, f"Nobody waits for {name}(), so its rejection reaches nobody.", confidence)


def _in_function(node: Node) -> bool:
    return any(above.type in FUNCTIONS for above in ancestors(node))


RULES = (TreeRule(JAVASCRIPT, ("expression_statement",), _find),)

"""JavaScript and TypeScript: a statement that only calls an `async` function of the same file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.javascript import FUNCTIONS, is_async, method
from errtally.analyser.syntax.tree import TreeFile, ancestors, arguments, is_explained, text, walk, walk_scope

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
    call = node.named_children[0] if node.named_child_count else None
    if call is None or call.type != "call_expression":
        return
    function = call.child_by_field_name("function")
    if function is None:
        return
    if function.type == "identifier":
        name, wanted = text(function), {"function_declaration", "arrow_function", "function_expression"}
    elif function.type == "member_expression" and text(function.child_by_field_name("object")) == "this":
        name, wanted = text(function.child_by_field_name("property")), {"method_definition"}
    else:
        return
    target = _functions(file).get(name)
    if target is None or target.type not in wanted or _handles_itself(target):
        return
    # At the top of a script there is nothing that could wait, and an unhandled rejection is at least loud.
    in_function = any(above.type in FUNCTIONS for above in ancestors(node))
    # With `resolve` and `reject`, or a callback, it tells its outcome by them.
    tells = any(text(one).lower() in _CALLBACKS for one in arguments(call))
    is_low = not in_function or tells or is_explained(file, node)
    confidence = Confidence.LOW if is_low else Confidence.MEDIUM
    yield file.hit(node, f"Nobody waits for {name}(), so its rejection reaches nobody.", confidence)


def _handles_itself(function: Node) -> bool:
    """Whether an async function catches what happens in it, or has nothing that could fail by waiting."""
    body = function.child_by_field_name("body")
    waits = [child for child in walk_scope(body) if child.type == "await_expression"] if body is not None else []
    return all(_is_caught(wait) for wait in waits)


def _is_caught(wait: Node) -> bool:
    """Whether an `await` stands in the block of a `try` with a `catch`, or ends in a `catch` of its own."""
    call = wait.named_children[0] if wait.named_child_count else None
    if call is not None and call.type == "call_expression" and method(call) == "catch":
        return True
    inner = wait
    for above in ancestors(wait):
        if above.type in FUNCTIONS:
            return False
        # What waits in `finally` is clean-up, whose failure nobody handles anywhere.
        is_block = above.type == "try_statement" and inner.type != "catch_clause"
        if is_block and above.child_by_field_name("handler") is not None:
            return True
        inner = above
    return False


RULES = (TreeRule(JAVASCRIPT, ("expression_statement",), _find),)

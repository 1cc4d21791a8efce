"""Go: `fmt.Errorf("...: %v", err)` where `%w` would keep the error for errors.Is and errors.As."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import (
    callee,
    checked_error,
    full_name,
    import_lines,
    is_error_name,
    log_level,
    only_parsed,
    origin,
    verbs,
)
from errtally.analyser.syntax.go_package import package_of
from errtally.analyser.syntax.tree import (
    TreeFile,
    arguments,
    has_ancestor,
    has_comment,
    identifiers,
    is_explained,
    string_value,
    text,
    walk,
    within,
)

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
_REMEDY = "%w keeps the error."
_HARDLY = {"marshal", "marshalindent", "abs", "rel", "getwd", "hostname"}
"""Functions, in small letters, whose failure hardly anybody has seen, and nobody asks for."""
_ANSWERS = (
    "compare", "verify", "valid", "parse", "decode", "check", "auth", "login", "password", "token", "sign", "marshal",
    "atoi", "lookup", "find", "stat", "exist", "split",
    "convert",
)  # fmt: skip
"""Parts of names of functions whose error is the answer no, which the new error says in other words."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    name, given = full_name(file, node) or callee(node), arguments(node)
    if name in {"errors.New", "github.com/pkg/errors.New", "github.com/pkg/errors.Errorf"} or (
        name == "fmt.Errorf" and len(given) == 1
    ):
        yield from _without(file, node)
        return
    layout = string_value(given[0]) if given else None
    if name != "fmt.Errorf" or layout is None or "[" in layout or "*" in layout:
        return
    found = verbs(layout)
    if "w" in found:
        return
    for verb, argument in zip(found, given[1:], strict=False):
        name = _error(argument)
        if verb in "vs" and name:
            confidence = Confidence.HIGH if name == "err" else None
            if _is_recovered(node, name) or _asks_otherwise(node, name):
                return
            if (
                _nobody_asks(node, name)
                or is_explained(file, node)
                or _is_logged(node, name)
                or _is_shown(node)
                or _is_chosen(node)
                or _answers_client(node)
                or _is_custom(file)
                or _is_command(file)
            ):
                confidence = Confidence.LOW
            yield file.hit(node, f"%{verb} keeps only the text of {name}; {_REMEDY}", confidence)
            return


def _without(file: TreeFile, node: Node) -> Iterator[Hit]:
    """An error that is returned where one is at hand, and holds no more of it than its text."""
    above = within(node, {"if_statement"})
    error = checked_error(above) if above is not None else ""
    body = above.child_by_field_name("consequence") if above is not None else None
    statement = within(node, {"return_statement"})
    if above is None or body is None or not error or statement is None or not has_ancestor(node, body):
        return
    mentions = [child for child in walk(body) if child.type == "identifier" and text(child) == error]
    if any(not has_ancestor(child, node) for child in mentions):
        return  # it is logged, wrapped or asked for something here as well
    called = origin(above, error).rsplit(".", 1)[-1].lower()
    is_low = (
        not called
        or only_parsed(above, error)
        or any(word in called for word in _ANSWERS)
        or called in _HARDLY
        or _answers_client(node)
        or is_explained(file, node)
        or has_comment(body)
    )
    says = f"keeps only the text of {error}" if mentions else f"holds nothing of {error}"
    # That package's own Errorf knows no %w.
    remedy = "errors.Wrap keeps the error." if full_name(file, node).startswith("github.com/pkg/errors.") else _REMEDY
    yield file.hit(node, f"The new error {says}; {remedy}", Confidence.LOW if is_low else None)


def _error(argument: Node) -> str:
    """The name ``err`` of the arguments ``err`` and ``err.Error()``; "" for others."""
    if argument.type == "call_expression" and callee(argument).endswith(".Error") and not arguments(argument):
        name = callee(argument).removesuffix(".Error")
    else:
        name = text(argument) if argument.type == "identifier" else ""
    return name if is_error_name(name) and name != "e" else ""


def _checking(node: Node, name: str) -> Node | None:
    """The `if` around a node that asks for an error."""
    above = within(node, {"if_statement"})
    while above is not None and checked_error(above) != name:
        above = within(above, {"if_statement"})
    return above


def _asks_otherwise(node: Node, name: str) -> bool:
    """Whether the nearest question about the error is another one, by which it may be nil: `!os.IsNotExist(err)`."""
    above = within(node, {"if_statement"})
    condition = above.child_by_field_name("condition") if above is not None else None
    return (
        condition is not None
        and condition.type == "unary_expression"
        and text(condition).startswith("!")
        and name in identifiers(condition)
    )


def _answers_client(node: Node) -> bool:
    """Whether the new error goes with a status of HTTP that tells a client that its request is wrong."""
    statement = within(node, {"return_statement"})
    return statement is not None and _CLIENT.search(text(statement)) is not None


_CLIENT = re.compile(
    r"\bhttp\.Status(?:BadRequest|NotFound|Unauthorized|Forbidden|Unprocessable\w*|Conflict)\b|\b4\d\d\b"
)


def _is_command(file: TreeFile) -> bool:
    """Whether a file is of a command, which prints the error and ends."""
    return any(path.startswith(_COMMAND_LINES) for path, _ in import_lines(file))


_COMMAND_LINES = ("github.com/spf13/cobra", "github.com/urfave/cli")
_MANY = 5


def _is_custom(file: TreeFile) -> bool:
    """Whether hardly anybody in the package uses `%w`, of many who could: what comes out of it is only printed."""
    package = package_of(file)
    return package.formats >= _MANY and package.wraps * _MANY < package.formats


def _is_recovered(node: Node, name: str) -> bool:
    """Whether what looks like an error is what a panic was given, which may be anything."""
    above = _checking(node, name)
    return above is not None and origin(above, name) == "recover"


def _is_logged(node: Node, name: str) -> bool:
    """Whether the error is logged where the new one is made, so that it is not lost."""
    above = _checking(node, name)
    body = above.child_by_field_name("consequence") if above is not None else None
    return body is not None and any(
        child.type == "call_expression" and bool(log_level(child)) and name in {text(one) for one in arguments(child)}
        for child in walk(body)
    )


def _is_chosen(node: Node) -> bool:
    """Whether a comment of the function speaks of `%w`, so that its author knows it."""
    function = within(node, {"function_declaration", "method_declaration"}, stop=())
    return function is not None and any(child.type == "comment" and "%w" in text(child) for child in walk(function))


def _is_shown(node: Node) -> bool:
    """Whether a new error is only handed to something that shows it, and neither returned nor kept."""
    kept = {"return_statement", "assignment_statement", "short_var_declaration", "var_spec", "send_statement"}
    return within(node, kept) is None


def _nobody_asks(node: Node, name: str) -> bool:
    """Whether the new error only goes to a panic or a log, or the old one says nothing that a caller could ask for."""
    outer = node.parent.parent if node.parent is not None else None
    if outer is not None and outer.type == "call_expression":
        called = callee(outer)
        if called.rsplit(".", 1)[-1] in _ENDS or log_level(outer):
            return True
    above = _checking(node, name)
    return above is not None and (only_parsed(above, name) or origin(above, name).rsplit(".", 1)[-1].lower() in _HARDLY)


RULES = (TreeRule(("go",), ("call_expression",), _find),)

"""Java: `throw new X(...)` inside of a `catch` without the exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.java import callee, calls, caught, derived, only_reads
from errtally.analyser.syntax.tree import TreeFile, is_explained, text, walk, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_ANSWERS = {
    "NumberFormatException",
    "NoSuchElementException",
    "CloneNotSupportedException",
    "IndexOutOfBoundsException",
    "ArrayIndexOutOfBoundsException",
    "StringIndexOutOfBoundsException",
    "InterruptedException",
    "TimeoutException",
    "EmptyStackException",
    "BufferUnderflowException",
    "ClassCastException",
    "URISyntaxException",
    "MalformedURLException",
    "PatternSyntaxException",
    "ParseException",
    "ClassNotFoundException",
    "UnsupportedEncodingException",
    "UnknownHostException",
    "ArrayStoreException",
    "ArithmeticException",
    "NoSuchAlgorithmException",
    "EOFException",
    "MissingResourceException",
    "DateTimeParseException",
    "NoSuchMethodException",
    "NoSuchFieldException",
    "FileNotFoundException",
    "FileAlreadyExistsException",
    "NoSuchFileException",
    "NameNotFoundException",
}
"""Types that say all there is to say by themselves."""
_WITHOUT_CAUSE = {
    "MalformedURLException", "NumberFormatException", "FileNotFoundException", "UnsupportedEncodingException",
    "EOFException", "ParseException", "NoSuchElementException", "IndexOutOfBoundsException", "ProtocolException",
    "StreamCorruptedException", "InvalidObjectException", "NotSerializableException", "CharacterCodingException",
}  # fmt: skip
"""Types of the JDK whose constructors take no cause."""


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    catch = within(node, {"catch_clause"})
    value = node.named_children[0] if node.named_child_count else None
    if catch is None or value is None:
        return
    if value.type == "identifier":
        value = _wrapper_of(catch, text(value))
    if value is None or value.type != "object_creation_expression":
        return
    types, name = caught(catch)
    if any(_keeps(value, one) for one in derived(catch, name) - _texts(catch, name)) or {
        "initCause",
        "addSuppressed",
        "setStackTrace",
    } & set(calls(catch)):
        return
    tried = catch.parent.child_by_field_name("body") if catch.parent is not None else None
    # Enum.valueOf says by an IllegalArgumentException that there is no such name.
    answers = _ANSWERS | ({"IllegalArgumentException"} if only_reads(tried) else set())
    is_low = (
        all(kind.rsplit(".", 1)[-1] in answers for kind in types)
        or text(value.child_by_field_name("type")).rsplit(".", 1)[-1] in _WITHOUT_CAUSE
        or any(kind.rsplit(".", 1)[-1].startswith("Conver") for kind in types)
        or _is_answer(value)
        or _reads(catch, name)
        or _is_of_kind(value, types)
        or is_explained(file, node)
        or is_explained(file, catch)
        or (catch.parent is not None and is_explained(file, catch.parent))
        or _is_logged(catch, name)
    )
    message = f"new {text(value.child_by_field_name('type'))} is thrown without the exception that was caught."
    yield file.hit(node, message, Confidence.LOW if is_low else None)


_TO_CLIENTS = (
    "unauthorized", "forbidden", "notauthorized", "badcredentials", "badrequest", "bad_request", "validationexception",
    "invalidrequest", "problemdetails", "notfoundexception", "usageexception",
)  # fmt: skip
_TEXTS = {"getMessage", "getLocalizedMessage", "toString", "getClass", "getSimpleName", "getName", "printStackTrace"}


def _reads(catch: Node, name: str) -> bool:
    """Whether a handler asks the exception for what it holds besides its text, such as `e.getErrors()`."""
    return any(
        child.type == "method_invocation"
        and text(child.child_by_field_name("object")) == name
        and text(child.child_by_field_name("name")) not in _TEXTS
        for child in walk(catch)
    )


def _is_of_kind(value: Node, types: list[str]) -> bool:
    """Whether an error of Java's own is thrown again as one of its kind, with more to say."""
    made = text(value.child_by_field_name("type")).rsplit(".", 1)[-1]
    return made.endswith("Error") and made in {kind.rsplit(".", 1)[-1] for kind in types}


def _is_answer(value: Node) -> bool:
    """Whether a new exception answers a client who is not let in, or whose request is wrong: it is told no more."""
    said = text(value).lower()
    return any(part in said for part in _TO_CLIENTS)


def _keeps(value: Node, name: str) -> bool:
    """Whether the exception itself, or its cause, is handed over; its message alone is not."""
    for child in walk(value):
        if child.type == "identifier" and text(child) == name:
            parent = child.parent
            if parent is not None and (parent.type == "binary_expression" or _is_format(parent)):
                continue
            if parent is None or parent.type != "method_invocation" or parent.child_by_field_name("object") != child:
                return True
            if text(parent.child_by_field_name("name")) in {"getCause", "getTargetException", "unwrap"}:
                return True
    return False


def _is_format(given: Node) -> bool:
    """Whether arguments are those of a call that makes a text of them."""
    call = given.parent
    if given.type != "argument_list" or call is None or call.type != "method_invocation":
        return False
    return callee(call) in {"String.format", "String.valueOf", "MessageFormat.format", "Objects.toString"}


def _wrapper_of(catch: Node, name: str) -> Node | None:
    """What a handler sets a variable to before it throws it."""
    for child in walk(catch):
        if child.type == "variable_declarator" and text(child.child_by_field_name("name")) == name:
            return child.child_by_field_name("value")
    return None


def _texts(catch: Node, name: str) -> set[str]:
    """Variables of a handler that hold no more than a text made of the exception."""
    found = set()
    for child in walk(catch):
        if child.type != "variable_declarator" or child.parent is None:
            continue
        value = child.child_by_field_name("value")
        is_text = text(child.parent.child_by_field_name("type")) == "String"
        if value is not None and is_text and not (value.type == "identifier" and text(value) == name):
            found.add(text(child.child_by_field_name("name")))
    return found


def _is_logged(catch: Node, name: str) -> bool:
    """Whether the exception, or its cause, is handed to a call on its way, such as a logger, or prints itself."""
    for child in walk(catch):
        if child.type == "method_invocation" and text(child.child_by_field_name("name")) == "printStackTrace":
            return True
        is_given = child.type == "argument_list" and child.parent is not None
        if is_given and child.parent is not None and child.parent.type == "method_invocation" and not _is_format(child):
            given = {text(one) for one in child.named_children}
            if given & {name, f"{name}.getCause()"}:
                return True
    return False


RULES = (TreeRule(("java",), ("throw_statement",), _find),)

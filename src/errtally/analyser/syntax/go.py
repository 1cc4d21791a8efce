"""Questions about Go that several checks ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.analyser.libraries.lookup import Library, library_of_module
from errtally.analyser.syntax.python import is_logger_name
from errtally.analyser.syntax.scopes import is_variable
from errtally.analyser.syntax.tree import COMMENTS, TreeFile, ancestors, arguments, string_value, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_LEVELS = {
    "debug": "debug", "info": "info", "print": "info", "warn": "warning", "warning": "warning", "error": "error",
    "fatal": "critical", "panic": "critical", "trace": "debug",
}  # fmt: skip
_FLAGS = "+-# 0123456789.[]*"
"""What may stand between the percent sign and the verb of a format."""
PARSERS = {
    "Atoi", "ParseInt", "ParseUint", "ParseBool", "ParseFloat", "ParseDuration", "ParseIP", "ParseCIDR", "ParseMAC",
    "ParseAddr", "Parse", "ParseInLocation", "ParseQuery", "ParseRequestURI", "ParseRequest", "Unquote", "DecodeString",
    "Compile", "SplitHostPort", "ParseAddress", "QueryUnescape", "PathUnescape", "LoadLocation",
}  # fmt: skip
_WRITES = {"Write", "WriteString", "Encode", "Copy", "Fprint", "Fprintf", "Fprintln"}
_FUNCTIONS = {"function_declaration", "method_declaration", "func_literal"}
_OF_CONTEXT = re.compile(r"\b(?:c|ctx|e|context)\.(?:Writer\b|ResponseWriter\b|Response\(\))")
"""The writer of a request's context, as frameworks have it."""
_PARSING = ("parse", "convert", "decode", "atoi", "unquote", "unescape", "unmarshal", "sscan")
"""How functions begin, or what they hold as a word, that read a text whose failure means that it is wrong."""
_ABOUT_ERRORS = (
    "Message", "Msg", "Text", "String", "Str", "Code", "Count", "Name", "ID", "Id", "Type", "Body", "Reason", "Detail",
)  # fmt: skip
"""Ends of names of what is said about an error."""
_LOG_PACKAGES = {"log", "slog", "logrus", "klog", "zap", "glog"}


def callee(call: Node) -> str:
    """Return what is called as it is written, when it is a name or ``a.b.c``; "" for anything else."""
    function = call.child_by_field_name("function")
    if function is None or function.type not in {"identifier", "selector_expression"}:
        return ""
    return text(function) if "(" not in text(function) else text(function.child_by_field_name("field"))


def _chain_root(call: Node) -> str:
    """Return the name ``logrus`` or ``log`` that a chain such as ``s.log.WithError(err).Error("...")`` begins with."""
    node: Node | None = call
    before = ""
    while node is not None and node.type in {"call_expression", "selector_expression"}:
        if node.type == "selector_expression":
            before = text(node.child_by_field_name("operand")).rsplit(".", 1)[-1]
        node = node.child_by_field_name("function") or node.child_by_field_name("operand")
    return before if before.isidentifier() else ""


def log_level(call: Node) -> str:
    """Return the level of a call of a logger, "" for any other call."""
    parts = callee(call).split(".")
    if len(parts) == 1 and (root := _chain_root(call)):
        parts = [root, *parts]
    if len(parts) < 2:  # noqa: PLR2004 (receiver and method)
        return ""
    method = parts[-1].lower()
    for suffix in ("context", "ln", "f", "w", "s"):
        if method.removesuffix(suffix) in _LEVELS and method not in _LEVELS:
            method = method.removesuffix(suffix)
    is_logger = parts[-2] in _LOG_PACKAGES or is_logger_name(parts[-2])
    return _LEVELS.get(method, "") if is_logger else ""


def imported(file: TreeFile) -> dict[str, tuple[str, int]]:
    """Return name in this file to path and line of each imported package."""
    if (known := file.memory.get("modules")) is not None:
        return known  # type: ignore[return-value]
    found = {}
    for node in file.nodes("import_spec"):
        path = string_value(node.child_by_field_name("path")) or ""
        last = path.rsplit("/", 1)[-1]
        if last.startswith("v") and last[1:].isdigit() and "/" in path:
            last = path.rsplit("/", 2)[-2]
        name = text(node.child_by_field_name("name")) or last
        found[name] = (path, node.start_point[0] + 1)
        if node.child_by_field_name("name") is None:
            # The clause `package sentry` of sentry-go is in other people's code: the usual ways to name a repository.
            for plain in {last.removesuffix("-go"), last.removeprefix("go-"), last.split(".", 1)[0]} - {""}:
                found.setdefault(plain.replace("-", ""), (path, node.start_point[0] + 1))
    file.memory["modules"] = found
    return found


def import_lines(file: TreeFile) -> list[tuple[str, int]]:
    """Return path and line of every import, one each."""
    return list(dict.fromkeys(imported(file).values()))


def full_name(file: TreeFile, call: Node) -> str:
    """Return ``path/of/package.Function`` of a call of an imported package's function, "" for any other."""
    package, _, function = callee(call).partition(".")
    if not function and package:
        # What `import . "errors"` brings in, where nothing here has the name.
        package, function = ".", package
    path, _ = imported(file).get(package, ("", 0))
    if not path or not function or (package != "." and is_variable(file, call, package, in_file=True)):
        return ""
    return f"{path}.{function}"


def origin_of(file: TreeFile, call: Node) -> tuple[str, str] | None:
    """Return an imported package's path and the dotted name called in it, None for any other call."""
    name = full_name(file, call)
    if not name:
        return None
    package = callee(call).partition(".")[0] if "." in callee(call) else "."
    path, _ = imported(file)[package]
    return path, name.removeprefix(path + ".")


def libraries(file: TreeFile) -> list[Library]:
    """Return the libraries that matter for errors among the imports."""
    found = [library_of_module("go", path) for path, _ in import_lines(file)]
    return [library for library in found if library is not None]


def checked_error(node: Node) -> str:
    """Return the name ``err`` of ``if err != nil``, also after ``&&``; "" when an ``if`` asks something else."""
    condition = node.child_by_field_name("condition")
    if condition is None or condition.type != "binary_expression":
        return ""
    left, right = condition.child_by_field_name("left"), condition.child_by_field_name("right")
    operator = text(condition.child_by_field_name("operator"))
    if operator != "!=" or text(right) != "nil" or left is None or left.type != "identifier":
        return ""
    return text(left) if is_error_name(text(left)) else ""


def origin(node: Node, error: str) -> str:
    """Return what was called for the error that an ``if`` asks for, as it is written; "" when that is not right before.

    Args:
        node: the ``if``.
        error: the error's name.
    """
    call = _origin(node, error)
    return callee(call) if call is not None else ""


def origin_arguments(node: Node, error: str) -> set[str]:
    """Return the names that stand among the arguments of what `origin` finds."""
    call = _origin(node, error)
    return (
        {text(child) for one in arguments(call) for child in walk(one) if child.type.endswith("identifier")}
        if call
        else set()
    )


def _origin(node: Node, error: str) -> Node | None:
    statement = node.child_by_field_name("initializer") or node.prev_named_sibling
    while statement is not None and statement.type in COMMENTS:
        statement = statement.prev_named_sibling
    if statement is None or statement.type not in {"short_var_declaration", "assignment_statement"}:
        return None
    left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
    if left is None or right is None or error not in {text(child) for child in left.named_children}:
        return None
    return next((child for child in walk(right) if child.type == "call_expression"), None)


def only_parsed(node: Node, error: str) -> bool:
    """Whether the error that an ``if`` asks for says no more than that a text is not what it should be."""
    return is_parser(origin(node, error).rsplit(".", 1)[-1])


def is_parser(name: str) -> bool:
    """Whether a function reads a text, as its name says: `Atoi`, `ParseBytes`, `ConvertStringToInt32`."""
    return name in PARSERS or name.lower().startswith(_PARSING)


def writes_to_peer(call: Node) -> bool:
    """Whether a call writes an answer of HTTP, which fails when nobody waits for it any more.

    `w.Write(b)`, `io.WriteString(w, s)`, `fmt.Fprintf(w, ...)`, `json.NewEncoder(w).Encode(v)`, where `w` is declared
    as `http.ResponseWriter` around the call, or is the writer that a framework's context has.
    """
    function = call.child_by_field_name("function")
    maker = function.child_by_field_name("operand") if function is not None else None
    given = arguments(call)
    names = [text(one) for one in given[:1]] + ([text(maker)] if maker is not None else [])
    if maker is not None and maker.type == "call_expression":
        names += [text(one) for one in arguments(maker)]
    if callee(call).rpartition(".")[2] not in _WRITES:
        return False
    if any(_OF_CONTEXT.search(name) for name in names):
        return True
    around = [above for above in ancestors(call) if above.type in _FUNCTIONS]
    declared = " ".join(text(one.child_by_field_name("parameters")) for one in around)
    body = text(around[-1]) if around else ""
    return any(
        name.isidentifier()
        and (
            re.search(rf"\b{name}\s+http\.ResponseWriter\b", declared)
            or re.search(rf"\b{name}\s*:?=\s*{_OF_CONTEXT.pattern}", body)
        )
        for name in names
    )


def is_error_name(name: str) -> bool:
    """Whether a variable is called as errors are."""
    if name.endswith(_ABOUT_ERRORS):
        return False
    return name in {"err", "e"} or name.endswith(("Err", "Error")) or (name.startswith("err") and name[3:].isalnum())


def verbs(layout: str) -> list[str]:
    """Return the verbs of a format in the order of their arguments: ["s", "v"] of `"%s: %+v"`."""
    found, at = [], 0
    while (at := layout.find("%", at)) >= 0:
        at += 1
        while at < len(layout) and layout[at] in _FLAGS:
            at += 1
        if at < len(layout) and layout[at] != "%":
            found.append(layout[at])
        at += 1
    return found

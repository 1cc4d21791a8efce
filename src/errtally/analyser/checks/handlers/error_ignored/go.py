"""Go: an error result goes to `_`, or nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from errtally.analyser.check import TreeRule
from errtally.analyser.libraries.go_errors import returns_error
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.go import callee, full_name, is_parser, writes_to_peer
from errtally.analyser.syntax.go_package import package_of
from errtally.analyser.syntax.go_types import receiver_type
from errtally.analyser.syntax.tree import (
    TreeFile,
    arguments,
    is_explained,
    is_explained_above,
    is_linted,
    string_value,
    text,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_UNHELPFUL = {
    "os.Hostname", "os.Getwd", "path/filepath.Abs", "net/url.Parse", "encoding/json.Marshal",
    "encoding/json.MarshalIndent", "os.Remove", "os.RemoveAll", "os.Setenv", "os.Unsetenv", "crypto/rand.Read",
    "path/filepath.Rel", "path/filepath.Match", "path.Match", "os.UserHomeDir", "os.Executable", "regexp.MatchString",
    "flag.Set", "net/http.ResponseWriter.Write", "io.WriteString", "net/url.PathUnescape", "net/url.QueryUnescape",
    "database/sql.Result.RowsAffected", "database/sql.Result.LastInsertId", "text/tabwriter.Writer.Flush",
    "crypto/rand.Int", "crypto/rand.Prime", "os.UserCacheDir", "os.UserConfigDir", "os/user.Current",
}  # fmt: skip
"""These rarely fail where people leave the error out, or there is nothing to be done when they do."""
_NEVER = (
    "bytes.Buffer.", "strings.Builder.", "hash.", "math/rand.", "fmt.Print", "fmt.Fprint", "hash/", "crypto/sha",
    "crypto/md5.", "crypto/hmac.", "io.PipeReader.CloseWithError", "io.PipeWriter.CloseWithError", "maphash.",
)  # fmt: skip
"""These never fail, or nobody can do anything about it."""
_CLEANUP = (
    "Close", "Remove", "RemoveAll", "Rollback", "Shutdown", "Kill", "Release", "Stop", "CloseWrite", "CloseRead",
    "SetDeadline", "SetReadDeadline", "SetWriteDeadline", "SetKeepAlive", "SetNoDelay", "Signal", "Sync", "Cleanup",
    "Disconnect", "Unlock", "Unsubscribe", "Destroy", "Delete", "Cancel", "Wait",
    "close", "cleanup", "shutdown", "stop",
)  # fmt: skip
"""Ends of names of functions after whose failure there is often nothing left to do."""

_SHOWING = ("Print", "Dump", "Show", "Debug", "Usage", "Help", "Diagnos")
"""Parts of names of functions that write for a person."""


def _returns_error(file: TreeFile, call: Node) -> tuple[str, Confidence | None]:
    """What a call is called, "" when its last result is no error, and how sure a finding of it is."""
    written, name = callee(call), full_name(file, call)
    if name:
        if name.startswith(_NEVER) or not returns_error(name):
            return "", None
        return written, Confidence.LOW if name in _UNHELPFUL or _is_cleanup(name) else None
    function = call.child_by_field_name("function")
    if function is not None and function.type == "identifier":
        return (written, Confidence.MEDIUM) if package_of(file).returns_error(written) else ("", None)
    if function is None or function.type != "selector_expression":
        return "", None
    kind = receiver_type(file, call)
    method = text(function.child_by_field_name("field"))
    if not kind or kind.startswith(_NEVER) or f"{kind}.{method}".startswith(_NEVER):
        return "", None
    if "." in kind:
        is_error, confidence = returns_error(f"{kind}.{method}"), None
    else:
        is_error, confidence = package_of(file).returns_error(f"{kind}.{method}"), Confidence.MEDIUM
    if not is_error:
        return "", None
    is_low = _is_cleanup(method) or f"{kind}.{method}" in _UNHELPFUL
    return written, Confidence.LOW if is_low else confidence


def _is_cleanup(name: str) -> bool:
    return name.rsplit(".", 1)[-1].startswith(_CLEANUP)


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    name, confidence = _returns_error(file, node)
    statement = node.parent
    if not name or statement is None:
        return
    if (
        is_explained(file, node)
        or is_explained_above(file, node)
        or _is_in_memory(node)
        or _is_of_failure(node)
        or _shows(node)
        or _is_constant_request(file, name, node)
        or writes_to_peer(node)
        or is_linted(file, node)
    ):
        confidence = Confidence.LOW
    if statement.type == "expression_statement":
        yield file.hit(node, f"The error of {name} is not looked at.", confidence)
    elif statement.type in {"go_statement", "defer_statement"}:
        yield file.hit(node, f"The error of {name} is not looked at.", Confidence.LOW)
    elif statement.type == "expression_list" and statement.named_child_count == 1:
        assignment = within(node, {"short_var_declaration", "assignment_statement", "var_spec"})
        names = _names(assignment)
        if names and names[-1] == "_":
            # `_ = f()` and `_, _ = f()` say at least that somebody thought of it.
            # A text that is no number leaves the zero value, which is mostly what is wanted.
            is_parsed = is_parser(name.rpartition(".")[2])
            # Of a function of the package itself whose error nobody looks at, the value is all that is wanted.
            is_wanted = confidence is Confidence.MEDIUM and not package_of(file).looks_at(callee(node))
            is_said = set(names) == {"_"} or is_parsed or is_wanted or _is_asked(assignment, names[0])
            yield file.hit(node, f"The error of {name} goes to `_`.", Confidence.LOW if is_said else confidence)


def _names(assignment: Node | None) -> list[str]:
    """What the results of a call are given to: `n, _ := f()`, `n, _ = f()`, `var n, _ = f()`."""
    if assignment is None:
        return []
    if assignment.type == "var_spec":
        return [text(one) for one in assignment.children_by_field_name("name") if one.is_named]
    left = assignment.child_by_field_name("left")
    return [text(one) for one in left.named_children] if left is not None else []


def _is_asked(assignment: Node | None, name: str) -> bool:
    """Whether the next thing is to ask whether the value is there at all: `if x, _ := f(); x != nil`."""
    after = assignment.next_named_sibling if assignment is not None else None
    if after is None:
        return False
    asked = after.child_by_field_name("condition") if after.type == "if_statement" else after
    return (asked is not None and text(asked) in {name, f"!{name}"}) or any(
        word in text(asked) for word in (f"{name} != nil", f"{name} == nil", f"{name} > 0", f"{name} <= 0")
    )


def _shows(node: Node) -> bool:
    """Whether a function writes something for a person to look at, as its name says."""
    function = within(node, {"function_declaration", "method_declaration"}, stop=())
    name = text(function.child_by_field_name("name")) if function is not None else ""
    return "Diagnos" in name or (
        callee(node).rpartition(".")[2].startswith("Write") and any(word in name for word in _SHOWING)
    )


def _is_constant_request(file: TreeFile, name: str, node: Node) -> bool:
    """Whether a request is made of a method and an address that are written down here, or of an address that parsed."""
    given = arguments(node)
    if name not in {"http.NewRequest", "http.NewRequestWithContext"} or len(given) < 3:  # noqa: PLR2004 (method, URL, body)
        return False
    address = given[-2]
    if address.type == "call_expression":
        return callee(address).endswith(".String") and not arguments(address)
    return string_value(address) is not None or (address.type == "identifier" and _is_constant(file, text(address)))


def _is_constant(file: TreeFile, name: str) -> bool:
    """Whether a file declares a name as a constant."""
    return re.search(rf"(?m)^\s*(?:const\s+)?{name}\s*(?:string\s*)?=\s*[\"`]", "\n".join(file.lines)) is not None


def _is_of_failure(node: Node) -> bool:
    """Whether this reads what the peer says about a failure, which is reported in either case."""
    above = within(node, {"if_statement"})
    return "ReadAll" in callee(node) and above is not None and "Status" in text(above.child_by_field_name("condition"))


def _is_builder(node: Node, name: str) -> bool:
    """Whether the function around declares a name as a builder of text, to which every function can write."""
    function = within(node, {"function_declaration", "method_declaration"}, stop=())
    if not name.isidentifier() or function is None:
        return False
    made = rf"\b{name}\b(?:\s*:=\s*|\s+|\s*=\s*)(?:&|\*|new\()?(?:strings\.Builder|bytes\.(?:New)?Buffer)"
    return re.search(made, text(function)) is not None


def _is_in_memory(node: Node) -> bool:
    """Whether a call writes to a buffer, which does not fail, or throws away what it reads."""
    given = arguments(node)
    function = node.child_by_field_name("function")
    maker = function.child_by_field_name("operand") if function is not None else None
    if maker is not None and maker.type == "call_expression" and maker.child_by_field_name("arguments") is not None:
        # `json.NewEncoder(&buf).Encode(v)`
        given = [*given, *arguments(maker)]
        if any(text(one).startswith("&") for one in arguments(maker)):
            return True
    return bool(given) and (
        _is_builder(node, text(given[0]).lstrip("&"))
        or text(given[0]).lower().endswith(("buf", "buffer", "hash", "discard"))
        or (callee(node).startswith("io.Copy") and text(given[0]).startswith("&"))
    )


RULES = (TreeRule(("go",), ("call_expression",), _find),)

"""`handlers/error-ignored`: Go's error result goes to `_`, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.check import Check, TreeRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.go import callee, full_name
from errtally.analyser.syntax.tree import TreeFile, arguments, is_explained, text, walk_scope, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from errtally.analyser.model import Hit

_LAST_IS_ERROR = {
    "encoding/json.Marshal",
    "encoding/json.MarshalIndent",
    "encoding/json.Unmarshal",
    "os.Open",
    "os.Create",
    "os.OpenFile",
    "os.ReadFile",
    "os.WriteFile",
    "os.Mkdir",
    "os.MkdirAll",
    "os.Rename",
    "os.Chdir",
    "os.Chmod",
    "os.Stat",
    "os.ReadDir",
    "io.ReadAll",
    "io.Copy",
    "io/ioutil.ReadAll",
    "io/ioutil.ReadFile",
    "io/ioutil.WriteFile",
    "strconv.Atoi",
    "strconv.ParseInt",
    "strconv.ParseFloat",
    "strconv.ParseBool",
    "strconv.ParseUint",
    "net/http.Get",
    "net/http.Post",
    "net/http.NewRequest",
    "net/http.NewRequestWithContext",
    "net/url.Parse",
    "net/http.ListenAndServe",
    "net/http.ListenAndServeTLS",
    "time.Parse",
    "time.ParseDuration",
    "time.LoadLocation",
    "database/sql.Open",
    "encoding/base64.StdEncoding.DecodeString",
    "encoding/hex.DecodeString",
    "path/filepath.Walk",
    "path/filepath.Abs",
    "path/filepath.Glob",
    "crypto/rand.Read",
    "net.Dial",
    "net.Listen",
    "encoding/xml.Marshal",
    "encoding/xml.Unmarshal",
    "encoding/binary.Read",
    "encoding/binary.Write",
    "os.Getwd",
    "os.Hostname",
    "regexp.Compile",
}
"""Functions of the standard library whose last result is an error that matters."""
_UNHELPFUL = {
    "os.Hostname", "os.Getwd", "path/filepath.Abs", "net/url.Parse", "encoding/json.Marshal",
    "encoding/json.MarshalIndent",
}  # fmt: skip
"""These rarely fail where people leave the error out."""


def _own_functions(file: TreeFile) -> set[str]:
    """Functions of this file whose last result is an error."""
    if (known := file.memory.get("error_functions")) is not None:
        return known  # type: ignore[return-value]
    found = set()
    for node in file.nodes("function_declaration"):
        result = node.child_by_field_name("result")
        if result is None:
            continue
        last = result
        if result.type == "parameter_list" and result.named_child_count:
            last = result.named_children[-1].child_by_field_name("type") or result.named_children[-1]
        # Some collect their errors in a list that the caller hands in.
        collects = any(word in text(node.child_by_field_name("parameters")) for word in ("errors ", "errs "))
        if text(last) == "error" and not collects and _can_fail(node):
            found.add(text(node.child_by_field_name("name")))
    file.memory["error_functions"] = found
    return found


def _can_fail(function: Node) -> bool:
    """Whether a function returns anything but nil as its error; some have the result only to fit an interface."""
    found = [
        child
        for child in walk_scope(function.child_by_field_name("body") or function)
        if child.type == "return_statement"
    ]
    return any(text(child).split(",")[-1].removeprefix("return").strip() != "nil" for child in found)


def _returns_error(file: TreeFile, call: Node) -> tuple[str, Confidence | None]:
    name = full_name(file, call)
    if name in _LAST_IS_ERROR:
        return callee(call), Confidence.LOW if name in _UNHELPFUL else None
    own = callee(call)
    return (own, Confidence.MEDIUM) if own in _own_functions(file) else ("", None)


def _find(file: TreeFile, node: Node) -> Iterator[Hit]:
    name, confidence = _returns_error(file, node)
    statement = node.parent
    if not name or statement is None:
        return
    if is_explained(file, node) or _is_in_memory(node) or _is_of_failure(node):
        confidence = Confidence.LOW
    if statement.type == "expression_statement":
        yield file.hit(node, f"The error of {name} is not looked at.", confidence)
    elif statement.type in {"go_statement", "defer_statement"}:
        yield file.hit(node, f"The error of {name} is not looked at.", Confidence.LOW)
    elif statement.type == "expression_list" and statement.named_child_count == 1:
        assignment = within(node, {"short_var_declaration", "assignment_statement"})
        left = assignment.child_by_field_name("left") if assignment is not None else None
        if left is not None and left.named_child_count and text(left.named_children[-1]) == "_":
            # `_ = f()` and `_, _ = f()` say at least that somebody thought of it.
            is_said = all(text(one) == "_" for one in left.named_children) or _is_asked(assignment, left)
            yield file.hit(node, f"The error of {name} goes to `_`.", Confidence.LOW if is_said else confidence)


def _is_asked(assignment: Node | None, left: Node) -> bool:
    """Whether the next thing is to ask whether the value is there at all: `if x, _ := f(); x != nil`."""
    name = text(left.named_children[0])
    after = assignment.next_named_sibling if assignment is not None else None
    if after is None:
        return False
    asked = after.child_by_field_name("condition") if after.type == "if_statement" else after
    return (asked is not None and text(asked) in {name, f"!{name}"}) or any(
        word in text(asked) for word in (f"{name} != nil", f"{name} == nil", f"{name} > 0", f"{name} <= 0")
    )


def _is_of_failure(node: Node) -> bool:
    """Whether this reads what the peer says about a failure, which is reported in either case."""
    above = within(node, {"if_statement"})
    return "ReadAll" in callee(node) and above is not None and "Status" in text(above.child_by_field_name("condition"))


def _is_in_memory(node: Node) -> bool:
    """Whether a call writes to a buffer, which does not fail, or throws away what it reads."""
    given = arguments(node)
    return bool(given) and text(given[0]).lower().endswith(("buf", "buffer", "hash", "discard"))


CHECK = Check(
    name="handlers/error-ignored",
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="error result ignored",
    why="The other results are zero values then, and the code goes on with them as if they were real.",
    instead='`if err != nil { return fmt.Errorf("...: %w", err) }`.',
    rules=(TreeRule(("go",), ("call_expression",), _find),),
    is_for_services=True,
)

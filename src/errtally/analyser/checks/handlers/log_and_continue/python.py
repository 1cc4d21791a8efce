"""Python: a name that only the try block sets is read after a handler that only logs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.syntax.python import PythonFile, last_name, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit


def _find(file: PythonFile, node: ast.Try) -> Iterator[Hit]:
    handlers = [handler for handler in node.handlers if _only_logs(file, handler.body)]
    following = _following(file, node)
    if not handlers or not following:
        return
    # What the first statement sets is missing whenever it failed; later ones may never have been reached.
    names = _assigned(node.body)
    if not names:
        return
    function = file.function(node) or file.tree
    known = _set_elsewhere(function, node)
    for name in sorted(names - known):
        first = _first_use(following, name)
        if first is not None:
            for handler in handlers:
                message = f"The error is only logged, and line {first.lineno} reads {name!r}, which is not set then."
                yield file.hit(handler, message)
            return


def _only_logs(file: PythonFile, body: list[ast.stmt]) -> bool:
    return bool(body) and all(
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and (file.log_level(statement.value) or file.dotted(statement.value.func) in {"print", "traceback.print_exc"})
        for statement in body
    )


def _following(file: PythonFile, node: ast.Try) -> list[ast.stmt]:
    """The statements after the try block, in its own block."""
    parent = file.parents[node]
    for field in ("body", "orelse", "finalbody"):
        block = getattr(parent, field, None)
        if isinstance(block, list) and node in block:
            return block[block.index(node) + 1 :]
    return []


def _assigned(body: list[ast.stmt]) -> set[str]:
    """The names that a block sets, but for those that it has set before it comes to anything that can fail."""
    found: set[str] = set()
    is_safe = True
    for statement in body:
        is_safe = is_safe and _cannot_fail(statement)
        targets = statement.targets if isinstance(statement, ast.Assign) and not is_safe else []
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            found |= {part.id for part in parts if isinstance(part, ast.Name)}
    return found


def _cannot_fail(statement: ast.stmt) -> bool:
    """Whether a statement only sets names to constants, empty containers and copies of names."""
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    is_plain = not any(
        isinstance(node, ast.Subscript | ast.Await)
        or (isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Constant))
        for node in ast.walk(statement)
    )
    return (
        isinstance(statement, ast.Assign)
        and is_plain
        and all(last_name(call.func) in {"list", "dict", "set", "tuple", "join"} for call in calls)
    )


def _set_elsewhere(function: ast.AST, node: ast.Try) -> set[str]:
    """Names that the function may set outside of the try block: what they hold then is not missing."""
    within = set(map(id, ast.walk(node)))
    found: set[str] = set()
    for other in ast.walk(function):
        if id(other) in within:
            continue
        if isinstance(other, ast.Name) and isinstance(other.ctx, ast.Store | ast.Del):
            found.add(other.id)
        elif isinstance(other, ast.arg):
            found.add(other.arg)
        elif isinstance(other, ast.Global | ast.Nonlocal):
            found |= set(other.names)
        elif isinstance(other, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in other.names}
        elif isinstance(other, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(other.name)
    return found


def _first_use(following: list[ast.stmt], name: str) -> ast.Name | None:
    for node in walk_scope(list(following)):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            return node
    return None


RULES = (PythonRule((ast.Try,), _find),)

"""Python: `except Exception: pass`, and `suppress(Exception)`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import BROAD, PythonFile, is_empty, last_name, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit

_CLEANUP = {
    "close", "shutdown", "terminate", "kill", "unlink", "remove", "rmdir", "rmtree", "cancel", "disconnect", "quit",
    "release", "stop", "cleanup", "flush", "detach", "unregister", "join", "delete",
    "free", "aclose", "wait_closed", "logout", "unsubscribe",
}  # fmt: skip
"""When these fail there is often nothing left to do."""


def _handler(file: PythonFile, node: ast.ExceptHandler) -> Iterator[Hit]:
    if node.type is None or not all(isinstance(one, ast.Continue) or is_empty([one]) for one in node.body):
        return
    names = ", ".join(file.caught(node))
    block = file.try_of(node)
    is_explained = file.has_comment(node) or file.is_explained(block)
    if not file.is_broad(node) or is_explained or _is_cleanup(block.body) or _is_finaliser(file, node):
        confidence = Confidence.LOW
    elif _has_default(file, block):
        # What the block sets keeps the value that it was given before.
        confidence = Confidence.LOW
    elif block.orelse or _leaves(block.body):
        # Success leaves by its own way, so what follows is what happens after the error.
        confidence = Confidence.LOW
    else:
        confidence = Confidence.HIGH
    yield file.hit(node, f"{names or 'the exception'} is caught and dropped.", confidence)


def _is_finaliser(file: PythonFile, node: ast.AST) -> bool:
    """Whether a node stands in a finaliser, whose error nobody could take, and Python itself only prints."""
    function = file.function(node)
    return function is not None and function.name in {"__del__", "__exit__", "__aexit__", "close", "aclose"}


def _has_default(file: PythonFile, block: ast.Try) -> bool:
    """Whether a block only sets one name, to which the statement right before gives a constant."""
    if len(block.body) != 1 or not isinstance(block.body[0], ast.Assign):
        return False
    fields = [getattr(file.parents[block], name, []) for name in ("body", "orelse", "finalbody", "handlers")]
    beside: list[ast.stmt] = next((field for field in fields if isinstance(field, list) and block in field), [])
    before = beside[beside.index(block) - 1] if beside and beside.index(block) else None
    return (
        isinstance(before, ast.Assign)
        and isinstance(before.value, ast.Constant | ast.List | ast.Dict)
        and ast.dump(before.targets[0]) == ast.dump(block.body[0].targets[0])
    )


def _leaves(body: list[ast.stmt]) -> bool:
    """Whether success leaves: at the end of the block, or by a return on the way."""
    if isinstance(body[-1], ast.Return | ast.Continue | ast.Break):
        return True
    return any(isinstance(node, ast.Return) for node in walk_scope(list(body)))


def _is_cleanup(body: list[ast.stmt]) -> bool:
    """Whether a try block only closes or imports something."""
    if all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in body):
        return True
    return len(body) == 1 and any(
        isinstance(node, ast.Call) and last_name(node.func).lower() in _CLEANUP for node in ast.walk(body[0])
    )


def _suppress(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    if file.dotted(node.func) != "contextlib.suppress":
        return
    broad = [name for name in map(file.dotted, node.args) if name in BROAD]
    block = file.parents.get(file.parents[node])
    if broad and isinstance(block, ast.With | ast.AsyncWith) and not _is_cleanup(block.body):
        is_low = file.has_comment(node) or file.is_explained(block) or _is_finaliser(file, node) or _leaves(block.body)
        confidence = Confidence.LOW if is_low else Confidence.HIGH
        yield file.hit(node, f"suppress({broad[0]}) drops every error of the block.", confidence)


RULES = (PythonRule((ast.ExceptHandler,), _handler), PythonRule((ast.Call,), _suppress, frozenset({"suppress"})))

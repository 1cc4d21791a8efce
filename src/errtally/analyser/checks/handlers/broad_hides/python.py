"""Python: `except Exception:` whose body neither looks at the exception, nor logs, nor raises."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import PythonFile, is_empty, last_name, only_converts, raises, uses, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit

_EXITS = {"sys.exit", "os._exit", "exit", "quit", "SystemExit"}
_TELLING = (
    "log",
    "warn",
    "error",
    "err",
    "fail",
    "report",
    "exc",
    "abort",
    "exit",
    "print",
    "debug",
    "info",
    "capture",
    "notify",
    "traceback",
    "handle",
    "rollback",
    "write",
    "display",
    "reraise",
    "emit",
    "message",
)
"""Parts of names of functions that tell somebody."""


_ENVIRONMENT = {
    "platform", "system", "machine", "release", "version", "python_version", "node", "processor", "get_type_hints",
    "signature", "getsource", "getsourcefile", "getfile", "unparse", "getuser", "get_terminal_size", "isatty",
}  # fmt: skip
_QUESTIONS = ("is_", "has_", "can_", "detect", "exists", "supports", "check", "valid")
"""How functions begin whose answer may be no for any reason."""


def _find(file: PythonFile, node: ast.ExceptHandler) -> Iterator[Hit]:
    if node.type is None or not file.is_broad(node):
        return
    if all(_is_exit(file, one) for one in node.body):
        yield file.hit(node, "Every error is caught, and the program ends without a word about it.")
        return
    is_dropped = all(isinstance(one, ast.Continue) or is_empty([one]) for one in node.body)
    if is_dropped or raises(node.body) or uses(node.body, node.name) or _tells(file, node.body):
        return
    # A handler that calls something may do the work in another way; one that only makes up a value can't.
    makes_up = not any(isinstance(child, ast.Call) for child in walk_scope(list(node.body)))
    tried = file.try_of(node).body
    is_low = not makes_up or file.has_comment(node) or file.is_explained(node) or _is_import(tried)
    is_low = is_low or only_converts(tried) or _looks_around(tried) or _asks(file, node) or _is_one_of_many(file, node)
    yield file.hit(
        node,
        "Every error is caught, and nothing tells which one it was.",
        Confidence.LOW if is_low else None,
    )


def _is_exit(file: PythonFile, statement: ast.stmt) -> bool:
    """Whether a statement ends the program with a number: `sys.exit(1)`, `os._exit(1)`, `raise SystemExit(1)`."""
    if isinstance(statement, ast.Raise):
        call = statement.exc
    else:
        call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call) or file.dotted(call.func) not in _EXITS:
        return False
    return not any(isinstance(one, ast.Constant) and isinstance(one.value, str) for one in call.args) and all(
        isinstance(one, ast.Constant | ast.UnaryOp) for one in call.args
    )


def _tells(file: PythonFile, body: list[ast.stmt]) -> bool:
    """Whether anything in a handler may tell of the exception."""
    for node in walk_scope(list(body)):
        if isinstance(node, ast.Call):
            name = last_name(node.func).lower()
            if any(part in name for part in _TELLING) or file.log_level(node):
                return True
        elif isinstance(node, ast.Attribute | ast.Name):
            name = last_name(node).lower()
            # sys.exc_info, an error counter, a flag such as `failed`.
            if any(part in name for part in ("exc_info", "error", "fail", "traceback", "exception")):
                return True
    return False


def _asks(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether the whole thing is a question: success returns what it compares, and the handler yes or no.

    `True` alone says that something was done, unless the function is called as questions are.
    """
    block = file.try_of(handler)
    returned = [node.value for node in walk_scope([*block.body, *block.orelse]) if isinstance(node, ast.Return)]
    if not returned or not all(_is_constant(one.value) for one in handler.body if isinstance(one, ast.Return)):
        return False
    if len(handler.body) != 1 or not isinstance(handler.body[0], ast.Return):
        return False
    if any(_compares(value) for value in returned):
        return True
    function = file.function(handler)
    is_question = function is not None and function.name.lstrip("_").startswith(_QUESTIONS)
    return is_question and all(map(_is_constant, returned))


def _is_one_of_many(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether a function tries one thing after another, each with a default of its own, as for a foreign page."""
    function = file.function(handler)
    if function is None or _has_return(handler):
        return False
    alike = [
        one
        for one in walk_scope(list(function.body))
        if isinstance(one, ast.ExceptHandler) and file.is_broad(one) and not _has_return(one) and not raises(one.body)
    ]
    return len(alike) >= _MANY


_MANY = 3


def _has_return(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(one, ast.Return) for one in handler.body)


def _looks_around(body: list[ast.stmt]) -> bool:
    """Whether a block only asks the interpreter what there is, as for the name of the platform."""
    names = {last_name(node.func) for node in walk_scope(list(body)) if isinstance(node, ast.Call)}
    return bool(names & _ENVIRONMENT) and names <= _ENVIRONMENT | {"lower", "upper", "strip", "str"}


def _is_constant(value: ast.AST | None) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, bool)


def _compares(value: ast.AST | None) -> bool:
    return isinstance(value, ast.Compare) or (isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not))


def _is_import(body: list[ast.stmt]) -> bool:
    return any(isinstance(statement, ast.Import | ast.ImportFrom) for statement in body)


RULES = (PythonRule((ast.ExceptHandler,), _find),)

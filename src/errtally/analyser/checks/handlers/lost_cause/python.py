"""Python: `raise New(...)` without `from` inside of an `except`.

Python keeps the context by itself, but prints it as an accident ("During handling of the above exception, another
exception occurred"), and trackers group by it as one.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import PythonFile, last_name, only_converts, tells_of_exception, uses, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit

_INFORMATIVE = (
    "OSError",
    "IOError",
    "EnvironmentError",
    "RuntimeError",
    "SystemError",
    "Timeout",
    "Connection",
    "HTTP",
    "Http",
    "SSL",
    "Socket",
    "socket",
    "Subprocess",
    "CalledProcess",
    "Database",
    "Operational",
    "Programming",
    "RequestException",
    "ServiceError",
    "win32",
)
"""Parts of names of errors that hold more than their type says. Others mostly answer a question, such as whether a key
is there, and the new error's message says so."""
_TIMEOUTS = {"TimeoutError", "asyncio.TimeoutError", "socket.timeout", "concurrent.futures.TimeoutError"}
"""These say all there is to say by their type."""
_ANSWERS = (
    "Exit",
    "StopIteration",
    "StopAsyncIteration",
    "Http404",
    "HTTPException",
    "HTTPError",
    "SkipTest",
    "KeyboardInterrupt",
    "Return",
    "Skip",
    "Ignore",
)


_TO_CALLERS = ("ValidationError", "BadRequest", "UsageError", "ClickException", "CommandError", "Invalid", "Forbidden")


def _find(file: PythonFile, node: ast.Raise) -> Iterator[Hit]:
    handler = file.handler(node)
    if handler is None or node.cause is not None or node.exc is None:
        return
    made = _wrapper_of(handler, node.exc)
    raised = file.dotted(made.func if isinstance(made, ast.Call) else made)
    if raised.rsplit(".", 1)[-1] == handler.name:
        return
    if not raised.rsplit(".", 1)[-1][:1].isupper() or raised.rsplit(".", 1)[-1].endswith(_ANSWERS):
        return
    # With the exception among its arguments the new error at least says what happened.
    tells_more = file.is_broad(handler) or any(
        part in name
        for name in file.caught(handler)
        if name not in _TIMEOUTS and "NotFound" not in name
        for part in _INFORMATIVE
    )
    is_logged = any(_logs_traceback(file, one) for statement in handler.body for one in ast.walk(statement))
    is_low = (
        is_logged
        or tells_of_exception(list(handler.body))
        or not tells_more
        or only_converts(file.try_of(handler).body)
        or uses(handler.body, handler.name)
        or "with_traceback" in raised
        or _says_why(made, raised)
    )
    caught = " or ".join(map(_short, file.caught(handler)))
    yield file.hit(
        node,
        f"{_short(raised)} takes the place of {caught or 'the exception'} without `from`.",
        Confidence.LOW if is_low else None,
    )


def _says_why(made: ast.expr, raised: str) -> bool:
    """Whether the new error answers whoever asked, with a text of its own: Python prints the other one with it."""
    return isinstance(made, ast.Call) and bool(made.args or made.keywords) and raised.endswith(_TO_CALLERS)


def _wrapper_of(handler: ast.ExceptHandler, raised: ast.expr) -> ast.expr:
    """What makes the error that is raised: of a variable, what the handler sets it to, unless it sets a cause."""
    if not isinstance(raised, ast.Name):
        return raised
    found: ast.expr = raised
    for node in walk_scope(list(handler.body)):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == raised.id and isinstance(node.value, ast.Call):
                found = node.value
            elif isinstance(target, ast.Attribute) and target.attr in {"__cause__", "__context__"}:
                return raised
    return found


def _short(name: str) -> str:
    """The class without its module, as people call it."""
    return name.rsplit(".", 1)[-1]


def _logs_traceback(file: PythonFile, node: ast.AST) -> bool:
    if isinstance(node, ast.keyword):
        return node.arg == "exc_info"
    return isinstance(node, ast.Call) and last_name(node.func) == "exception" and bool(file.log_level(node))


RULES = (PythonRule((ast.Raise,), _find),)

"""`handlers/bare-except`: `except:` that does not raise again catches Ctrl-C and the interpreter's exit as well."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import Check, PythonRule
from errtally.analyser.model import Confidence, Severity
from errtally.analyser.syntax.python import PythonFile, is_empty, last_name, raises, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit


def _find(file: PythonFile, node: ast.ExceptHandler) -> Iterator[Hit]:
    if node.type is not None or raises(node.body) or _ends_process(node.body):
        return
    # Where a handler before raises what ends the program, a bare one is no more than `except Exception`.
    before = [handler for handler in file.try_of(node).handlers if handler is not node and raises(handler.body)]
    if any("KeyboardInterrupt" in file.caught(handler) for handler in before):
        return
    # `exc = sys.exc_info()` keeps it for later, mostly to raise it then.
    is_kept = any(isinstance(one, ast.Attribute) and one.attr == "exc_info" for one in walk_scope(list(node.body)))
    # A comment beside it, if only `noqa`, says that it is meant: Eventlet's timeouts, say, are no Exceptions.
    if (
        is_kept
        or _only_closes(file.try_of(node).body)
        or any("#" in line for line in file.lines[node.lineno - 1 : node.body[0].lineno - 1])
    ):
        yield file.hit(node, "`except:` catches everything, KeyboardInterrupt included.", Confidence.LOW)
    elif is_empty(node.body):
        yield file.hit(node, "`except:` swallows everything, KeyboardInterrupt and SystemExit included.")
    else:
        yield file.hit(node, "`except:` catches everything, KeyboardInterrupt and SystemExit included.")


def _only_closes(tried: list[ast.stmt]) -> bool:
    """Whether all that is tried is to let go of one thing."""
    call = tried[0].value if len(tried) == 1 and isinstance(tried[0], ast.Expr) else None
    return isinstance(call, ast.Call) and last_name(call.func) in {"close", "terminate", "kill", "unlink"}


def _ends_process(body: list[ast.stmt]) -> bool:
    return any(
        isinstance(call, ast.Call) and last_name(call.func) in {"exit", "_exit", "abort"}
        for call in walk_scope(list(body))
    )


CHECK = Check(
    name="handlers/bare-except",
    cwe=396,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="bare except",
    why="It takes Ctrl-C, the exit of a worker and every programming error for the one error that was meant.",
    instead="Name the exceptions that the code can handle; `except Exception` when it has to be all errors.",
    rules=(PythonRule((ast.ExceptHandler,), _find),),
)

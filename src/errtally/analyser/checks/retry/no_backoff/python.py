"""Python: `while True: try: return f() except ConnectionError: continue`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.syntax.python import BROAD, PythonFile, last_name, raises, uses, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit

_WAITING = (
    "sleep",
    "wait",
    "backoff",
    "delay",
    "select",
    "poll",
    "acquire",
    "input",
    "prompt",
    "retry",
    "readline",
    "timeout",
)
_TROUBLE = (
    "Timeout",
    "Connection",
    "Network",
    "HTTP",
    "Http",
    "URLError",
    "Operational",
    "RequestException",
    "Unavailable",
)
"""Parts of names of errors that mean that the other side has trouble."""
_TROUBLE_NAMES = BROAD | {"OSError", "IOError", "EnvironmentError", "socket.error", "EOFError"}


_LOCAL = ("bind", "listen", "mkdtemp", "mkstemp", "mkdir", "makedirs", "rename", "unlink", "symlink", "locked_file")


def _find(file: PythonFile, node: ast.While | ast.For) -> Iterator[Hit]:
    flag = _flag(node)
    is_endless = bool(flag) or (
        isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
    )
    if not is_endless and not _is_counted(file, node):
        return
    for block in _try_blocks(node.body):
        succeeds = _succeeds(block, node) or (flag and _sets(block, flag))
        if not succeeds or _uses_counter(node, block) or _is_local(block):
            continue
        for handler in block.handlers:
            if (
                not _is_trouble(file, handler)
                or _leaves(handler.body)
                or _falls_out(node, block, handler)
                or _asks_which(handler)
                or _changes(node, block, handler)
                or _waits_for_signal(file, block, handler)
            ):
                continue
            if not _waits(node) and not _has_waited(file, handler):
                yield file.hit(handler, "The call is tried again at once, without a pause.")
            elif file.is_broad(handler) and _only_waits(file, handler):
                message = "Every error is tried again, a mistake in the program as well."
                yield file.hit(handler, message)
            elif _waits(node) and is_endless and not _ends(handler.body) and not _ends_outside(node, block):
                yield file.hit(handler, "The call is tried again for ever; nothing gives up.")


def _only_waits(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether a handler waits and neither tells of the exception nor asks which one it is."""
    calls = [node for node in walk_scope(list(handler.body)) if isinstance(node, ast.Call)]
    waits = any(any(part in last_name(call.func).lower() for part in _WAITING) for call in calls)
    tells = any(file.log_level(call) or last_name(call.func) == "print" for call in calls)
    return waits and not tells and not uses(handler.body, handler.name) and not raises(handler.body)


def _decorated(file: PythonFile, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Hit]:
    """The decorators of tenacity, retrying and backoff, whose defaults are to try again for ever, at once."""
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = file.dotted(call.func if call is not None else decorator)
        given = {word.arg: word.value for word in call.keywords} if call is not None else {}
        if None in given:
            continue
        if name in {"tenacity.retry", "retrying.retry"}:
            bounds, pauses = ({"stop"}, {"wait"}) if name.startswith("tenacity") else (_STOPS, _PAUSES)
            if not bounds & set(given) and not pauses & set(given):
                yield file.hit(decorator, "Every error is tried again for ever, without a pause.")
            elif not pauses & set(given):
                yield file.hit(decorator, "The call is tried again at once, without a pause.")
            elif not bounds & set(given):
                yield file.hit(decorator, "The call is tried again for ever; nothing gives up.")
        elif name == "backoff.on_exception" and call is not None:
            kinds = call.args[1] if len(call.args) > 1 else given.get("exception")
            if {"max_tries", "max_time"}.isdisjoint(given):
                yield file.hit(decorator, "The call is tried again for ever; nothing gives up.")
            elif kinds is not None and file.dotted(kinds) in BROAD and "giveup" not in given:
                yield file.hit(decorator, "Every error is tried again, a mistake in the program as well.")


_STOPS = {"stop_max_attempt_number", "stop_max_delay", "stop", "stop_func"}
_PAUSES = {
    "wait_fixed",
    "wait_random_min",
    "wait_exponential_multiplier",
    "wait",
    "wait_func",
    "wait_incrementing_start",
}


def _flag(node: ast.While | ast.For) -> str:
    """The name ``done`` of `while not done`; "" for other loops."""
    test = node.test if isinstance(node, ast.While) else None
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Name):
        return test.operand.id
    return ""


def _sets(block: ast.Try, flag: str) -> bool:
    """Whether success sets a loop's flag, so that going round again is a retry."""
    last = [*block.body[-1:], *block.orelse[-1:]]
    calls = any(isinstance(one, ast.Call | ast.Await) for one in walk_scope(list(block.body)))
    return calls and any(
        isinstance(one, ast.Assign) and any(getattr(target, "id", "") == flag for target in one.targets) for one in last
    )


def _is_local(block: ast.Try) -> bool:
    """Whether what is tried is to find a free port or name on this machine, which takes no other side."""
    return any(
        isinstance(node, ast.Call) and last_name(node.func).lower().startswith(_LOCAL)
        for node in walk_scope(list(block.body))
    )


def _is_counted(file: PythonFile, node: ast.While | ast.For) -> bool:
    return isinstance(node, ast.For) and isinstance(node.iter, ast.Call) and file.dotted(node.iter.func) == "range"


def _try_blocks(body: list[ast.stmt]) -> Iterator[ast.Try]:
    for statement in body:
        if isinstance(statement, ast.Try):
            yield statement
        elif isinstance(statement, ast.With | ast.AsyncWith):
            yield from _try_blocks(statement.body)


def _succeeds(block: ast.Try, loop: ast.AST) -> bool:
    """Whether success leaves the loop, so that going round again is a retry."""
    last = [*block.body[-1:], *block.orelse[-1:]]
    parent_body = getattr(loop, "body", [])
    after = parent_body[parent_body.index(block) + 1 :] if block in parent_body else []
    is_left = any(isinstance(one, ast.Return | ast.Break) for one in [*last, *after[:1]])
    has_call = any(isinstance(one, ast.Call | ast.Await) for one in walk_scope(list(block.body)))
    return is_left and has_call


def _tried(loop: ast.For, block: ast.Try) -> list[ast.stmt]:
    """What is done up to the end of a try: the statements before it may choose what is tried."""
    before = loop.body[: loop.body.index(block)] if block in loop.body else []
    return [*before, *block.body]


def _falls_out(loop: ast.While | ast.For, block: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether what follows the block leaves the loop, and the handler lets it come to that."""
    after = loop.body[loop.body.index(block) + 1 :] if block in loop.body else []
    is_left = bool(after) and isinstance(after[0], ast.Return | ast.Break)
    return is_left and not any(isinstance(one, ast.Continue) for one in walk_scope(list(handler.body)))


def _uses_counter(node: ast.While | ast.For, block: ast.Try) -> bool:
    """Whether each round tries something else."""
    if not isinstance(node, ast.For):
        return False
    names = {name.id for name in ast.walk(node.target) if isinstance(name, ast.Name)}
    return any(isinstance(name, ast.Name) and name.id in names for one in _tried(node, block) for name in ast.walk(one))


def _is_trouble(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    return any(name in _TROUBLE_NAMES or any(part in name for part in _TROUBLE) for name in file.caught(handler))


def _changes(loop: ast.While | ast.For, block: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a handler sets what the next round works with, so that it tries something else."""
    names = {
        target.id
        for node in walk_scope(list(handler.body))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    before = loop.body[: loop.body.index(block)] if block in loop.body else []
    return any(uses([*before, *block.body], name) for name in names)


def _asks_which(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises but for the one error that it knows a remedy for, such as a folder to make."""
    asked = [node.test for node in walk_scope(list(handler.body)) if isinstance(node, ast.If)]
    return raises(handler.body) and any(uses(test, handler.name) for test in asked)


def _waits_for_signal(file: PythonFile, block: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a loop wakes up now and then while it waits for this process itself, as for an event or a queue."""
    calls = [last_name(node.func) for node in walk_scope(list(block.body)) if isinstance(node, ast.Call)]
    return _has_waited(file, handler) and not {"wait_for", "wait", "get", "join"}.isdisjoint(calls)


def _has_waited(file: PythonFile, handler: ast.ExceptHandler) -> bool:
    """Whether the error means that a call has waited for as long as it was told to."""
    return all("Timeout" in name or name in {"queue.Empty", "Empty"} for name in file.caught(handler))


def _leaves(body: list[ast.stmt]) -> bool:
    return isinstance(body[-1], ast.Raise | ast.Return | ast.Break)


def _ends(body: list[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Raise | ast.Return | ast.Break) for node in walk_scope(list(body))) or any(
        isinstance(node, ast.Call) and last_name(node.func) in {"exit", "_exit", "abort"}
        for node in walk_scope(list(body))
    )


def _ends_outside(loop: ast.While | ast.For, block: ast.Try) -> bool:
    """Whether the loop gives up at another place, such as when time is over."""
    return any(statement is not block and _ends([statement]) for statement in loop.body)


def _waits(loop: ast.While | ast.For) -> bool:
    return any(
        isinstance(node, ast.Call) and any(part in last_name(node.func).lower() for part in _WAITING)
        for node in walk_scope(list(loop.body))
    )


RULES = (
    PythonRule((ast.While, ast.For), _find),
    PythonRule((ast.FunctionDef, ast.AsyncFunctionDef), _decorated),
)

"""Python: a statement that only calls an `async def` of the same file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import last_name, uses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit
    from errtally.analyser.syntax.python import PythonFile


def _find(file: PythonFile, node: ast.Expr) -> Iterator[Hit]:
    call = node.value
    if not isinstance(call, ast.Call):
        return
    if _is_task(file, call):
        made = call.args[0] if call.args else None
        name = last_name(made.func).lower() if isinstance(made, ast.Call) else ""
        if any(word in name for word in ("quiet", "safe", "silent", "ignor")):
            return
        message = (
            "Nobody keeps the task: its error is seen when it is thrown away, and it may be thrown away half done."
        )
        yield file.hit(node, message, Confidence.MEDIUM)
        return
    if not file.nodes(ast.AsyncFunctionDef):
        return
    if isinstance(call.func, ast.Name):
        definitions = _module_level(file, call.func.id)
        if not definitions or not all(_is_coroutine(one) for one in definitions):
            return
        if file.function(node) is None or not _is_local(file, node, call.func.id):
            yield file.hit(node, f"{call.func.id}() makes a coroutine that never runs.")
    elif (
        isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "self"
    ):
        owner = next((above for above in file.ancestors(node) if isinstance(above, ast.ClassDef)), None)
        methods = [
            one
            for one in (owner.body if owner is not None else [])
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == call.func.attr
        ]
        if methods and all(_is_coroutine(one) for one in methods):
            yield file.hit(node, f"self.{call.func.attr}() makes a coroutine that never runs.")


def _named(file: PythonFile, node: ast.Assign | ast.AnnAssign) -> Iterator[Hit]:
    """`task = asyncio.create_task(f())` in a function that never reads the name: it is gone when the function is."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    target, function = targets[0], file.function(node)
    if len(targets) != 1 or not isinstance(target, ast.Name) or not isinstance(node.value, ast.Call):
        return
    if function is None or not _is_task(file, node.value):
        return
    is_shared = any(isinstance(one, ast.Global | ast.Nonlocal) and target.id in one.names for one in ast.walk(function))
    if not uses(function, target.id) and not is_shared:
        yield file.hit(
            node, "Nobody reads the task's name, so its error is seen when the function has ended.", Confidence.MEDIUM
        )


def _is_task(file: PythonFile, call: ast.Call) -> bool:
    """Whether a call makes a task of asyncio that nobody but the caller has; a task group keeps its own."""
    if file.dotted(call.func) in {"asyncio.create_task", "asyncio.ensure_future", "asyncio.tasks.create_task"}:
        return True
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != "create_task":
        return False
    if isinstance(func.value, ast.Call):
        return file.dotted(func.value.func) in {"asyncio.get_event_loop", "asyncio.get_running_loop"}
    return last_name(func.value).strip("_") in {"loop", "event_loop", "ioloop"}


def _module_level(file: PythonFile, name: str) -> list[ast.AST]:
    found = [*file.nodes(ast.FunctionDef), *file.nodes(ast.AsyncFunctionDef)]
    return [one for one in found if one.name == name and isinstance(file.parents.get(one), ast.Module)]


def _is_local(file: PythonFile, node: ast.AST, name: str) -> bool:
    """Whether a function around the call gives the name another meaning."""
    for above in file.ancestors(node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(above):
                if isinstance(inner, ast.arg) and inner.arg == name:
                    return True
                if isinstance(inner, ast.Name) and inner.id == name and isinstance(inner.ctx, ast.Store):
                    return True
                if (
                    isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
                    and inner is not above
                    and inner.name == name
                ):
                    return True
    return name in file.imports


def _is_coroutine(function: ast.AST) -> bool:
    """Whether calling a function makes a coroutine: an undecorated `async def`, and not a generator."""
    if not isinstance(function, ast.AsyncFunctionDef) or function.decorator_list:
        return False
    return not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


RULES = (PythonRule((ast.Expr,), _find), PythonRule((ast.Assign, ast.AnnAssign), _named))

"""Python: `print` in a file that has a logger or belongs to a server."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.libraries.lookup import library_of_module
from errtally.analyser.model import Confidence
from errtally.analyser.syntax.python import PythonFile, last_name, walk_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit

_COMMAND_LINES = {
    "argparse", "click", "typer", "optparse", "getopt", "fire", "cmd", "docopt", "rich", "readline", "invoke", "fabric",
}  # fmt: skip
_COMMAND_FOLDERS = {
    "migrations",
    "cmd",
    "cli",
    "commands",
    "scripts",
    "script",
    "bin",
    "tools",
    "tool",
    "deploy",
    "management",
}
_SPEAKING = {"main", "usage", "help", "run_cli", "cli", "print_help"}
_SPEAKING_PARTS = ("print", "show", "display", "dump", "format", "report", "output", "write", "list")


def _find(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    name = file.dotted(node.func)
    if name not in {"print", "traceback.print_exc"} or any(word.arg == "file" for word in node.keywords):
        return
    modules = {module for module, _ in file.modules}
    if {module.split(".")[0] for module in modules} & _COMMAND_LINES or file.path.endswith("__main__.py"):
        return
    parts = {library.part for module in modules if (library := library_of_module("python", module)) is not None}
    if not parts & {"logging", "server"}:
        return
    # A file with a logger but no server may well talk to a person; an error that it prints is still lost to the log.
    is_service = _is_server(modules) or file.handler(node) is not None
    for above in file.ancestors(node):
        if (
            isinstance(above, ast.If)
            and isinstance(above.test, ast.Compare)
            and file.dotted(above.test.left) == "__name__"
        ):
            return
        if isinstance(above, ast.If) and _is_switch(above.test):
            return
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            plain = above.name.lower()
            if plain in _SPEAKING or any(part in plain for part in _SPEAKING_PARTS):
                return
    is_low = (
        not is_service
        or _asks(file, node)
        or _speaks(file, node)
        or _is_command(file.path)
        or _is_logged_too(file, node)
        or _is_last_word(file, node)
    )
    confidence = Confidence.LOW if is_low else None
    yield file.hit(node, f"{name}() goes past the log.", confidence)


def _is_switch(test: ast.expr) -> bool:
    """Whether a person has to switch the output on, to look for an error by hand."""
    names = [last_name(node).lower() for node in ast.walk(test) if isinstance(node, ast.Name | ast.Attribute)]
    return any(word in name for name in names for word in ("debug", "verbose", "environ"))


def _is_server(modules: set[str]) -> bool:
    """Whether a file belongs to a server; that it imports Django or Celery alone does not tell."""
    if any(module.startswith(("django.http", "django.views", "rest_framework")) for module in modules):
        return True
    found = [library_of_module("python", module) for module in modules]
    return any(one is not None and one.part == "server" and one.name not in {"django", "celery"} for one in found)


def _is_command(path: str) -> bool:
    """Whether a file is called as the code of commands and examples is, which talk to whoever started them."""
    parts = [part.lower() for part in PurePosixPath(path).with_suffix("").parts]
    return bool(_COMMAND_FOLDERS.intersection(parts)) or parts[-1].endswith(("cli", "cmd"))


def _is_logged_too(file: PythonFile, node: ast.Call) -> bool:
    """Whether a statement of the same block logs."""
    statement = next(above for above in file.ancestors(node) if isinstance(above, ast.stmt))
    block = file.parents[statement]
    fields = [getattr(block, name, []) for name in ("body", "orelse", "finalbody")]
    beside = next((field for field in fields if isinstance(field, list) and statement in field), [])
    return any(
        isinstance(other, ast.Call) and bool(file.log_level(other)) for one in beside for other in walk_scope([one])
    )


def _is_last_word(file: PythonFile, node: ast.Call) -> bool:
    """Whether the program ends right after it has said so."""
    statement = next(above for above in file.ancestors(node) if isinstance(above, ast.stmt))
    block = file.parents[statement]
    fields = [getattr(block, name, []) for name in ("body", "orelse", "finalbody")]
    beside = next((field for field in fields if isinstance(field, list) and statement in field), [statement])
    return any(
        isinstance(other, ast.Call) and file.dotted(other.func) in {"sys.exit", "exit", "quit", "os._exit"}
        for one in beside[beside.index(statement) + 1 :]
        for other in walk_scope([one])
    )


def _speaks(file: PythonFile, node: ast.Call) -> bool:
    """Whether the function around prints to the standard error as well, as commands do."""
    function = file.function(node)
    return function is not None and any(
        last_name(other.func) == "print" and any(word.arg == "file" for word in other.keywords)
        for other in ast.walk(function)
        if isinstance(other, ast.Call)
    )


def _asks(file: PythonFile, node: ast.Call) -> bool:
    """Whether the function around a print talks with a person."""
    function = file.function(node)
    return function is not None and any(
        isinstance(other, ast.Call)
        and last_name(other.func).endswith(("input", "getpass", "ask_yesno", "confirm", "prompt"))
        for other in ast.walk(function)
    )


RULES = (PythonRule((ast.Call,), _find, frozenset({"print", "print_exc"})),)

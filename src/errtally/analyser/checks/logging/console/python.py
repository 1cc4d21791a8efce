"""Python: `print` in a file that has a logger or belongs to a server."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.libraries.lookup import library_of_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit
    from errtally.analyser.syntax.python import PythonFile

_COMMAND_LINES = {"argparse", "click", "typer", "optparse", "getopt", "fire", "cmd", "docopt", "rich", "readline"}
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
    for above in file.ancestors(node):
        if (
            isinstance(above, ast.If)
            and isinstance(above.test, ast.Compare)
            and file.dotted(above.test.left) == "__name__"
        ):
            return
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            plain = above.name.lower()
            if plain in _SPEAKING or any(part in plain for part in _SPEAKING_PARTS):
                return
    yield file.hit(node, f"{name}() goes past the log.")


RULES = (PythonRule((ast.Call,), _find),)

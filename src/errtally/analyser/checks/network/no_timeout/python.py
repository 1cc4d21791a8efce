"""Python: requests, urllib and the sockets of the standard library, all of which wait for ever by default."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from errtally.analyser.check import PythonRule
from errtally.analyser.model import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from errtally.analyser.model import Hit
    from errtally.analyser.syntax.python import PythonFile

_VERBS = ("get", "post", "put", "delete", "patch", "head", "options", "request")
_POSITION = {
    **{f"requests.{verb}": 99 for verb in _VERBS},
    "urllib.request.urlopen": 2,
    "socket.create_connection": 1,
    "http.client.HTTPConnection": 2,
    "http.client.HTTPSConnection": 99,
    "smtplib.SMTP": 3,
    "smtplib.SMTP_SSL": 99,
    "ftplib.FTP": 4,
    "telnetlib.Telnet": 2,
    "imaplib.IMAP4": 2,
    "poplib.POP3": 2,
}
"""Call to the position of its timeout among the arguments; 99 where it has none and only the keyword does."""


def _find(file: PythonFile, node: ast.Call) -> Iterator[Hit]:
    name = file.dotted(node.func)
    if name not in _POSITION and isinstance(node.func, ast.Attribute) and node.func.attr in _VERBS:
        name = _of_session(file, node) or name
    words = {word.arg: word.value for word in node.keywords}
    is_off = isinstance(words.get("timeout"), ast.Constant) and getattr(words["timeout"], "value", 0) is None
    if name.startswith("httpx.") and is_off:
        yield file.hit(node, "timeout=None makes the call wait for ever.")
    if name not in _POSITION:
        return
    if ("timeout" in words and not is_off) or None in words or len(node.args) > _POSITION[name]:
        return
    if any(isinstance(argument, ast.Starred) for argument in node.args) or _sets_default(file):
        return
    # Who started a command sees that it waits.
    confidence = Confidence.LOW if _is_command(file) else None
    yield file.hit(node, f"{name} without a timeout waits for ever.", confidence)


def _is_command(file: PythonFile) -> bool:
    """Whether a file is a script: its first line names its interpreter, and it reads its arguments by hand."""
    if not file.lines[0].startswith("#!"):
        return False
    return any("sys.argv" in line or "ArgumentParser(" in line for line in file.lines)


def _sets_default(file: PythonFile) -> bool:
    return any("setdefaulttimeout(" in line for line in file.lines)


def _of_session(file: PythonFile, node: ast.Call) -> str:
    """`requests.get` for `session.get` where the function makes the session by requests.Session()."""
    func = node.func
    if "requests" not in {module.partition(".")[0] for module in file.imports.values()}:
        return ""
    function = file.function(node)
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name) or function is None:
        return ""
    for other in ast.walk(function):
        made: ast.expr | None = None
        if isinstance(other, ast.Assign) and any(getattr(one, "id", "") == func.value.id for one in other.targets):
            made = other.value
        elif isinstance(other, ast.withitem) and getattr(other.optional_vars, "id", "") == func.value.id:
            made = other.context_expr
        if isinstance(made, ast.Call) and file.dotted(made.func) in {"requests.Session", "requests.session"}:
            return f"requests.{func.attr}"
    return ""


_CALLED = frozenset({*_VERBS, *(name.rsplit(".", 1)[-1] for name in _POSITION), "AsyncClient", "Client", "stream"})

RULES = (PythonRule((ast.Call,), _find, _CALLED),)

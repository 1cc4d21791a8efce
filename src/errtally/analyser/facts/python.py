"""Facts of Python: try blocks, what is raised and caught, reports, logs, imports that matter."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from errtally.analyser.libraries.lookup import initialises, library_of_module
from errtally.analyser.syntax.python import LOG_LEVELS, PythonFile, is_empty, last_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from errtally.analyser.model import Facts

_APPLICATIONS = {
    "flask.Flask", "fastapi.FastAPI", "starlette.applications.Starlette", "sanic.Sanic", "aiohttp.web.Application",
    "tornado.web.Application", "celery.Celery",
}  # fmt: skip
"""What makes a server; Django reports uncaught errors by itself."""
_KEEPING = (ast.Assign, ast.AnnAssign, ast.Return, ast.NamedExpr)
_CAPTURES = {
    "sentry_sdk.capture_exception", "sentry_sdk.capture_message", "sentry_sdk.capture_event", "rollbar.report_exc_info",
    "rollbar.report_message", "bugsnag.notify", "errtally.capture_exception", "errtally.capture_message",
    "honeybadger.honeybadger.notify",
}  # fmt: skip
_SETTINGS = {"RAVEN_CONFIG": "sentry", "ROLLBAR": "rollbar", "BUGSNAG": "bugsnag", "HONEYBADGER": "honeybadger"}
_GLOBAL_HOOKS = {"sys.excepthook", "threading.excepthook"}
_ERROR_HANDLERS = {
    "errorhandler", "register_error_handler", "exception_handler", "add_exception_handler", "set_exception_handler",
    "app_errorhandler",
}  # fmt: skip

_PROVIDERS = {"set_tracer_provider", "set_meter_provider", "configure_opentelemetry"}


@dataclass(frozen=True, slots=True)
class PythonCollector:
    """Counts what each node of some kinds does.

    Attributes:
        nodes: where not all nodes of the kinds matter, those that do.
    """

    kinds: tuple[type[ast.AST], ...]
    count: Callable[[PythonFile, Any, Facts], None]
    nodes: Callable[[PythonFile], Iterable[ast.AST]] | None = None

    def collect(self, file: PythonFile, facts: Facts) -> None:
        """Count all of a file."""
        found = self.nodes(file) if self.nodes is not None else (one for kind in self.kinds for one in file.nodes(kind))
        for node in found:
            self.count(file, node, facts)


def _try(_file: PythonFile, _node: ast.AST, facts: Facts) -> None:
    facts.add("handling", "try_blocks")


def _raise(file: PythonFile, node: ast.Raise, facts: Facts) -> None:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = file.dotted(raised).lstrip(".")
    facts.add("raised", name if name[:1].isupper() or "." in name else "(again)")


def _assign(file: PythonFile, node: ast.Assign, facts: Facts) -> None:
    target = next((one for one in node.targets if getattr(one, "attr", "") == "excepthook"), None)
    if target is not None and file.dotted(target) in _GLOBAL_HOOKS:
        facts.add("global_handler", file.dotted(target), file.path, node.lineno)
    _setting(file, node, facts)


def _handler(file: PythonFile, node: ast.ExceptHandler, facts: Facts) -> None:
    facts.add("handling", "handlers")
    if node.type is None:
        facts.add("caught", "(everything)")
        facts.add("handling", "generic_catches")
        return
    for name in file.caught(node):
        facts.add("caught", name.lstrip(".") or "(computed)")
    if file.is_broad(node) and is_empty(node.body):
        facts.add("handling", "generic_catches")


def _call(file: PythonFile, node: ast.Call, facts: Facts) -> None:
    if level := file.log_level(node):
        facts.add("level", level)
        is_structured = any(word.arg not in {"exc_info", "stack_info", "stacklevel", None} for word in node.keywords)
        facts.add("log_style", "structured" if is_structured else "text")
        if file.handler(node) is not None:
            facts.add("reported", "logger")
        return
    name = file.dotted(node.func)
    if name in {"print", "pprint.pprint", "traceback.print_exc"}:
        facts.add("console", name)
    elif name in _CAPTURES:
        facts.add("reported", name)
    elif name in _APPLICATIONS and isinstance(file.parents[node], _KEEPING) and not _is_in_class(file, node):
        facts.add("entry", name, file.path, node.lineno)
    elif last_name(node.func) in _ERROR_HANDLERS:
        facts.add("global_handler", last_name(node.func), file.path, node.lineno)
    for handed in (name, *_references(file, node)) if _has_tracker(file) else ():
        if "." in handed and (tracker := initialises("python", handed, "")) is not None:
            facts.add("tracker_init", tracker.name, file.path, node.lineno)
    if last_name(node.func) in _PROVIDERS:
        facts.add("tracker_init", "opentelemetry", file.path, node.lineno)


def _has_tracker(file: PythonFile) -> bool:
    """Whether a file imports a tracker; most do not, and have no call that initialises one."""
    if (known := file.memory.get("has_tracker")) is None:
        found = (library_of_module("python", module) for module in file.imports.values())
        known = file.memory["has_tracker"] = any(one is not None and one.part == "tracker" for one in found)
    return bool(known)


def _references(file: PythonFile, node: ast.Call) -> list[str]:
    """What is handed over to be called by somebody else, as by `functools.partial`."""
    return [name for one in node.args if isinstance(one, ast.Name | ast.Attribute) and (name := file.dotted(one))]


def _setting(file: PythonFile, node: ast.Assign, facts: Facts) -> None:
    """Count the settings of a framework by which its plug-in of a tracker starts: Django's `ROLLBAR = {...}`."""
    if isinstance(node.value, ast.Dict | ast.Call):
        for target in node.targets:
            tracker = _SETTINGS.get(getattr(target, "id", ""))
            if tracker is not None and isinstance(file.parents[node], ast.Module | ast.If):
                facts.add("tracker_init", tracker, file.path, node.lineno)


def _is_in_class(file: PythonFile, node: ast.AST) -> bool:
    """Whether a server is made by a method, as libraries do that are servers among other things."""
    return any(isinstance(above, ast.ClassDef) for above in file.ancestors(node))


def _import(file: PythonFile, node: ast.Import | ast.ImportFrom, facts: Facts) -> None:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif node.level or not node.module:
        return
    else:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    for name in names:
        library = library_of_module("python", name)
        # A library's own code imports it as well.
        if library is None or _is_of_types(file, node):
            continue
        if name.split(".")[0] not in PurePosixPath(file.path).parts:
            facts.add(library.part, library.name, file.path, node.lineno)
            if library.is_structured:
                facts.add("structured", library.name)


def _is_of_types(file: PythonFile, node: ast.AST) -> bool:
    """Whether an import is one for type checkers alone."""
    return any(isinstance(one, ast.If) and last_name(one.test) == "TYPE_CHECKING" for one in file.ancestors(node))


def _calls(file: PythonFile) -> Iterable[ast.AST]:
    """The calls that may count: any where a tracker is imported, and else those of a known name."""
    found: Iterable[ast.AST] = file.nodes(ast.Call) if _has_tracker(file) else file.calls(_CALLED)
    return found


_CALLED = frozenset({
    *LOG_LEVELS, *_ERROR_HANDLERS, *_PROVIDERS, "print", "pprint", "print_exc",
    *(name.rpartition(".")[2] for name in (*_CAPTURES, *_APPLICATIONS)),
})  # fmt: skip
COLLECTORS: tuple[PythonCollector, ...] = (
    PythonCollector((ast.Try, ast.TryStar), _try),
    PythonCollector((ast.ExceptHandler,), _handler),
    PythonCollector((ast.Raise,), _raise),
    PythonCollector((ast.Call,), _call, _calls),
    PythonCollector((ast.Import, ast.ImportFrom), _import),
    PythonCollector((ast.Assign,), _assign),
)

"""A parsed Python file: nodes by kind, parents, imported names, and questions that several checks ask."""

from __future__ import annotations

import ast
from functools import cache
from typing import TYPE_CHECKING, Any

from errtally.analyser.model import Confidence, Hit
from errtally.analyser.syntax.reasons import is_reason, is_reason_above

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_NO_NODES = {"ctx", "op", "ops", "id", "attr", "arg", "lineno", "type_comment", "kind", "level", "module", "conversion"}
BROAD = {"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"}
LOG_LEVELS = {
    "debug": "debug", "info": "info", "warning": "warning", "warn": "warning", "error": "error",
    "exception": "error", "critical": "critical", "fatal": "critical", "success": "info", "trace": "debug",
}  # fmt: skip
_SHORT = 3
_TRY: tuple[type[ast.AST], ...] = (ast.Try, ast.TryStar)


@cache
def _fields(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 (mypy does not take types of nodes as hashable)
    """The fields that can hold nodes; names and constants have none."""
    if kind in {ast.Name, ast.Constant, ast.Global, ast.Nonlocal, ast.alias}:
        return ()
    return tuple(name for name in kind._fields if name not in _NO_NODES)


class PythonFile:
    """A Python file with what the checks need to know about each node."""

    language = "python"

    def __init__(self, path: str, text: str, tree: ast.Module, kinds: Collection[type[ast.AST]]) -> None:
        self.path = path
        self.lines = text.split("\n")
        self.tree = tree
        self.parents: dict[ast.AST, ast.AST] = {}
        wanted = {*kinds, ast.Import, ast.ImportFrom, ast.AsyncFunctionDef, ast.FunctionDef}
        self._nodes: dict[type[ast.AST], list[ast.AST]] = {kind: [] for kind in wanted}
        self.memory: dict[object, object] = {}
        self._dotted: dict[ast.AST, str] = {}
        self._bindings: dict[str, list[ast.AST]] = {}
        self._owners: dict[str, set[ast.AST]] = {}
        self._index()
        self.imports = self._imports()
        self._calls = self._calls_by_name()

    def _index(self) -> None:
        """Walk the tree once. Names and constants are most of it and hold nothing, so they are not waited for."""
        nodes, parents, bindings = self._nodes, self.parents, self._bindings
        stack: list[ast.AST] = [self.tree]
        while stack:
            node: Any = stack.pop()
            kind: Any = type(node)
            if kind in nodes:
                nodes[kind].append(node)
            if kind is ast.arg:
                bindings.setdefault(node.arg, []).append(node)
            elif kind is ast.ExceptHandler and node.name:
                bindings.setdefault(node.name, []).append(node)
            for name in _fields(kind):
                value = getattr(node, name)
                if value is None:
                    continue
                for item in value if type(value) is list else (value,):
                    of: Any = type(item)
                    if of is ast.Name:
                        parents[item] = node
                        if type(item.ctx) is ast.Store:
                            bindings.setdefault(item.id, []).append(item)
                    elif of is ast.Constant:
                        parents[item] = node
                    elif isinstance(item, ast.AST):
                        parents[item] = node
                        stack.append(item)

    def _calls_by_name(self) -> dict[str, list[ast.Call]]:
        found: dict[str, list[ast.Call]] = {}
        for call in self.nodes(ast.Call):
            found.setdefault(last_name(call.func), []).append(call)
        return found

    def _imports(self) -> dict[str, str]:
        """Name in this file to the dotted name that it was imported from."""
        found: dict[str, str] = {}
        for node in self.nodes(ast.Import):
            for alias in node.names:
                if alias.asname:
                    found[alias.asname] = alias.name
                else:
                    found[alias.name.split(".")[0]] = alias.name.split(".")[0]
        for node in self.nodes(ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{'.' * node.level}{node.module or ''}.{alias.name}"
        return found

    def calls(self, names: frozenset[str]) -> Iterator[ast.Call]:
        """Yield the calls of anything whose last name, as imported or as written here, is one of the names."""
        here = {name for name, dotted in self.imports.items() if dotted.rsplit(".", 1)[-1] in names}
        for name in sorted(names | here):
            yield from self._calls.get(name, ())

    def nodes(self, kind: type[Any]) -> list[Any]:
        """Return the nodes of a kind."""
        return self._nodes.get(kind, [])

    @property
    def modules(self) -> Iterator[tuple[str, int]]:
        """Every absolute module imported, with its line."""
        for node in self.nodes(ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        for node in self.nodes(ast.ImportFrom):
            if not node.level and node.module:
                for alias in node.names:
                    yield f"{node.module}.{alias.name}", node.lineno

    def hit(self, node: Any, message: str, confidence: Confidence | None = None) -> Hit:  # noqa: ANN401 (any node with a place)
        """Make a hit of a node's place."""
        before = self.lines[node.lineno - 1].encode("utf-8", "surrogatepass")[: node.col_offset]
        column = len(before.decode("utf-8", "surrogatepass")) + 1
        return Hit(node.lineno, column, node.end_lineno or node.lineno, message, confidence)

    def dotted(self, node: ast.AST | None) -> str:
        """Return ``a.b.c`` for a name or attribute, its first part as it was imported; "" for anything else.

        A variable hides what was imported under its name, and is nothing that a dotted name could stand for: "".
        Variables that are called as classes are, ``self`` and ``cls`` stay as they are written.
        """
        if node is None:
            return ""
        if (known := self._dotted.get(node)) is None:
            known = self._dotted[node] = self._dotted_of(node)
        return known

    def _dotted_of(self, node: ast.AST) -> str:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        if self._is_variable(node):
            return ""
        parts.append(self.imports.get(node.id, node.id))
        return ".".join(reversed(parts))

    def _is_variable(self, node: ast.Name) -> bool:
        """Whether a name means a variable here: of a function around it, or of a module that does not import it."""
        name = node.id
        if name not in self._bindings or name[:1].isupper() or name in {"self", "cls"}:
            return False
        if (owners := self._owners.get(name)) is None:
            owners = self._owners[name] = {self._scope(one) for one in self._bindings[name]}
        if self.tree in owners and name not in self.imports:
            return True
        return any(above in owners for above in self.ancestors(node) if isinstance(above, _FUNCTIONS))

    def _scope(self, node: ast.AST) -> ast.AST:
        """The function, class or module whose variable a node binds."""
        return next((above for above in self.ancestors(node) if isinstance(above, _SCOPES)), self.tree)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, the nearest first."""
        while (above := self.parents.get(node)) is not None:
            yield above
            node = above

    def function(self, node: ast.AST) -> Function | None:
        """Return the function that a node stands in."""
        for above in self.ancestors(node):
            if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return above
        return None

    def handler(self, node: ast.AST) -> ast.ExceptHandler | None:
        """Return the nearest ``except`` that a node stands in, within its own function."""
        for above in self.ancestors(node):
            if isinstance(above, ast.ExceptHandler):
                return above
            if isinstance(above, _SCOPES):
                return None
        return None

    def try_of(self, handler: ast.ExceptHandler) -> ast.Try:
        """Return the ``try`` that a handler belongs to."""
        found: Any = self.parents[handler]
        return found  # type: ignore[no-any-return]

    def caught(self, handler: ast.ExceptHandler) -> list[str]:
        """Return the dotted names of the types that a handler catches; ["BaseException"] when it is bare."""
        if handler.type is None:
            return ["BaseException"]
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        return [self.dotted(kind) for kind in types]

    def is_broad(self, handler: ast.ExceptHandler) -> bool:
        """Whether a handler catches everything."""
        return any(name in BROAD for name in self.caught(handler))

    def has_comment(self, node: Any) -> bool:  # noqa: ANN401 (any node with a place)
        """Whether a comment in a node says why; the node holds no strings, such as an ``except`` with ``pass``."""
        return any(
            is_reason(line.split("#", 1)[1]) for line in self.lines[node.lineno - 1 : node.end_lineno] if "#" in line
        )

    def log_level(self, call: ast.Call) -> str:
        """Return the level of a call of a logger, "" for any other call."""
        func = call.func
        if isinstance(func, ast.Name):  # `from logging import error`
            name = self.dotted(func)
            return LOG_LEVELS.get(name.rpartition(".")[2], "") if _is_of_logging(name) else ""
        if not isinstance(func, ast.Attribute) or func.attr not in LOG_LEVELS:
            return ""
        receiver = func.value
        if isinstance(receiver, ast.Call):
            # logging.getLogger(__name__).error(...), logger.bind(...).error(...), logger.opt(...).error(...)
            inner = receiver.func
            if self.dotted(inner).endswith(("getLogger", "get_logger", "get_task_logger")):
                return LOG_LEVELS[func.attr]
            receiver = inner.value if isinstance(inner, ast.Attribute) else inner
        name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
        return LOG_LEVELS[func.attr] if is_logger_name(name) else ""

    def is_explained(self, node: Any) -> bool:  # noqa: ANN401 (any node with a place)
        """Whether the comment that stands alone right above a node says why."""
        row: int = node.lineno - 2
        while row >= 0 and (words := self.lines[row].lstrip()).startswith("#"):
            if is_reason_above(words):
                return True
            row -= 1
        return False


def _is_of_logging(name: str) -> bool:
    return name.startswith("logging.") and name.count(".") == 1


def is_logger_name(name: str) -> bool:
    """Whether a variable is called as loggers are."""
    plain = name.strip("_").lower()
    return plain in {"log", "logging", "slog"} or plain.endswith(("logger", "_log"))


def walk_scope(nodes: ast.AST | list[Any]) -> Iterator[ast.AST]:
    """Yield nodes and what they hold, but nothing of functions and classes defined within."""
    stack: list[ast.AST] = list(reversed(nodes)) if isinstance(nodes, list) else [nodes]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _SCOPES):
            stack.extend(ast.iter_child_nodes(node))


def is_empty(body: list[ast.stmt]) -> bool:
    """Whether statements do nothing: ``pass``, ``...``, a string."""
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in body
    )


def uses(nodes: ast.AST | list[Any], name: str | None) -> bool:
    """Whether a name is read anywhere within nodes, functions in them included."""
    if not name:
        return False
    roots = nodes if isinstance(nodes, list) else [nodes]
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for root in roots
        for node in ast.walk(root)
    )


def raises(body: list[ast.stmt]) -> bool:
    """Whether statements raise anything, on any path; a block such as `with save_and_reraise_exception():` does."""
    for node in walk_scope(list(body)):
        if isinstance(node, ast.Raise):
            return True
        if isinstance(node, ast.With | ast.AsyncWith):
            made = [item.context_expr for item in node.items]
            if any("reraise" in last_name(one.func) for one in made if isinstance(one, ast.Call)):
                return True
    return False


_CONVERTING = {
    "int", "float", "str", "repr", "len", "bool", "json", "loads", "split", "strip", "partition", "format", "decode",
    "encode", "lower", "upper", "getattr", "isinstance", "get", "literal_eval", "fromisoformat", "strptime", "join",
    "b64decode", "b64encode", "replace", "fromstring", "fromhex", "urlparse", "unquote", "UUID", "Decimal", "safe_load",
}  # fmt: skip


def only_converts(body: list[ast.stmt]) -> bool:
    """Whether statements do nothing but turn one value into another, whose failure means that there is none."""
    calls = [node for node in walk_scope(list(body)) if isinstance(node, ast.Call)]
    return len(body) <= _SHORT and all(last_name(call.func) in _CONVERTING for call in calls)


def tells_of_exception(nodes: list[Any]) -> bool:
    """Whether anything within takes the exception by itself: `sys.exc_info()`, or a call like `get_error_message()`."""
    for node in walk_scope(nodes):
        if isinstance(node, ast.Attribute) and node.attr in {"exc_info", "format_exc"}:
            return True
        if isinstance(node, ast.Call) and not node.args:
            name = last_name(node.func).lower()
            if name.startswith(("get_", "format_", "describe_", "current_")) and ("err" in name or "exc" in name):
                return True
    return False


def last_name(func: ast.AST) -> str:
    """Return the last part of what is called: ``c`` of ``a.b.c``."""
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")

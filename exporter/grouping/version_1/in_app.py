"""Which frame of a stack is the application's own, and what that frame is called from one deploy to the next.

Rules are data: standard libraries, dependency folders and generated code by path, module, function or package.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.event.model import Frame

APPLICATION: Final = 2
DEPENDENCY: Final = 1
STANDARD_LIBRARY: Final = 0

CACHE_SIZE: Final = 8192
PATH_LENGTH_LIMIT: Final = 1024
PLACE_COMPONENTS: Final = 2
"""How much of a path names a file: its folder and itself. The root above changes with machine and release."""


def _load(name: str) -> Any:  # noqa: ANN401 (JSON)
    return json.loads(resources.files(__package__).joinpath(f"data/{name}.json").read_text(encoding="utf-8"))


_RULES: Final[dict[str, Any]] = _load("in_app")
_HELPERS: Final = frozenset(_RULES["helper_functions"])
_REWRITES: Final = tuple((re.compile(rule["pattern"]), rule["replacement"]) for rule in _load("functions"))

_QUALIFIED_BY_MODULE: Final = frozenset(
    ("java", "kt", "kts", "scala", "groovy", "clj", "cs", "fs", "vb", "go", "rs", "ex", "exs", "erl", "")
)
"""Extensions of the languages whose module names a place fully; elsewhere the path does."""

_SCHEME: Final = re.compile(r"^(?:[A-Za-z][\w+.\-]+:)?//(?:[^/]*(?=/))?|^[A-Za-z][\w+\-]+:(?=[^/\\])")
_AFTER_PATH: Final = re.compile(r"[?#].*$")
_VERSION: Final = re.compile(r"@v?\d[\w.\-+]*|-\d+(?:\.\d+)+(?=/|$)")
_CHANGING_FOLDER: Final = re.compile(
    r"v?\d[\d.\-_T]*|[0-9a-f]{7,}|release[\-_]?\d[\w.\-]*|releases|current|build|dist|src|lib|app|\.{1,2}|[A-Za-z]:|"
    r"[0-9a-f]{8}-[0-9a-f\-]{27}|[\w\-]*[\-_]v?\d+(?:\.\d+)+[\w\-]*"
)
_BUNDLE_HASH: Final = re.compile(r"[.\-_~](?:[0-9a-f]{6,}|(?=[A-Za-z]*\d)[A-Za-z0-9_]{8,})(?=[.\-_~]|$)")
_PACKAGE_FILES: Final = frozenset(("__init__", "__main__", "index", "mod"))


def deciding_frame(frames: Sequence[Frame]) -> tuple[Frame | None, bool]:
    """Return the frame that names the issue, and whether it is the application's.

    The newest frame of the application; without one the newest of a dependency; without one the newest. A client
    that flags its frames is believed. Recursion needs no collapsing: only one frame of it is looked at.

    Args:
        frames: oldest first.
    """
    best: Frame | None = None
    best_tier = -1
    for frame in reversed(frames):
        if frame.function in _HELPERS:
            continue
        tier = _tier_of(frame)
        if tier == APPLICATION:
            return frame, True
        if tier > best_tier:
            best, best_tier = frame, tier
    return best if best is not None else (frames[-1] if frames else None), False


def is_application(frame: Frame) -> bool:
    """Whether a frame is the application's own: the client's flag is believed, the rules decide without one."""
    return _tier_of(frame) == APPLICATION


def _tier_of(frame: Frame) -> int:
    if frame.in_app is True:
        return APPLICATION
    tier = _tier(frame.abs_path or frame.filename or "", frame.module or "", frame.function or "", frame.package or "")
    return min(tier, DEPENDENCY) if frame.in_app is False else tier


@lru_cache(maxsize=CACHE_SIZE)
def _tier(path: str, module: str, function: str, package: str) -> int:
    """Return how near a frame is to the application, by the rules."""
    path = path[:PATH_LENGTH_LIMIT].replace("\\", "/")
    if not path and not module and not function:
        return STANDARD_LIBRARY
    parts = path if path.startswith("/") else f"/{path}"
    for tier, name in ((DEPENDENCY, "dependency"), (STANDARD_LIBRARY, "standard_library")):
        rules = _RULES[name]
        if (
            path.startswith(tuple(rules["path_prefixes"]))
            or any(part in parts for part in rules["path_parts"])
            or _within(module, rules["modules"])
            or function.startswith(tuple(rules["functions"]))
            or package in rules["packages"]
        ):
            return tier
    return APPLICATION


def _within(module: str, prefixes: list[str]) -> bool:
    return any(
        module.startswith(prefix) and module[len(prefix) : len(prefix) + 1] in {"", ".", "/", "$", "+"}
        for prefix in prefixes
    )


def place_of(frame: Frame) -> str:
    """Return where a frame is, the same after each deploy: ``orders/price`` or ``com.acme.Shop``."""
    return _place(frame.abs_path or frame.filename or "", frame.module or "")


@lru_cache(maxsize=CACHE_SIZE)
def _place(path: str, module: str) -> str:
    path = _AFTER_PATH.sub("", path[:PATH_LENGTH_LIMIT])
    if module and (not path or _extension(path) in _QUALIFIED_BY_MODULE):
        return normalise_function(_VERSION.sub("", module))
    path = _SCHEME.sub("", path.replace("\\", "/"))
    folders, _, name = _VERSION.sub("", path).rpartition("/")
    stem = _BUNDLE_HASH.sub("", name.rpartition(".")[0] or name)
    kept = [folder for folder in folders.split("/") if folder and not _CHANGING_FOLDER.fullmatch(folder)]
    wanted = PLACE_COMPONENTS if stem in _PACKAGE_FILES else PLACE_COMPONENTS - 1
    return "/".join([*kept[-wanted:], stem])


def function_of(frame: Frame) -> str:
    """Return a frame's function without what the compiler, the engine or the build added to its name."""
    function = normalise_function(frame.function) if frame.function else ""
    # JavaScript, Ruby and PHP name the class in some traces and not in others; the file stands for it.
    if _is_named_by_path(frame):
        for mark in (".", "#", "::"):
            function = function.rpartition(mark)[2]
        return normalise_function(function)
    return function


def _is_named_by_path(frame: Frame) -> bool:
    path = frame.abs_path or frame.filename or ""
    return bool(path) and _extension(_AFTER_PATH.sub("", path)) not in _QUALIFIED_BY_MODULE


def _extension(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path else ""


@lru_cache(maxsize=CACHE_SIZE)
def normalise_function(name: str) -> str:
    """Return a function's or class's name as its source has it, "" when it has none."""
    name = name[:PATH_LENGTH_LIMIT].strip()
    for pattern, replacement in _REWRITES:
        name = pattern.sub(replacement, name)
    return name

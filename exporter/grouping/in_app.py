"""Which frame of a stack is the application's own, and so decides what an issue is.

Rules are data: standard libraries, dependency folders and generated code by path, module, function or package. A
client's flag goes before them, but where the path knows better: SDKs of Go and Rust flag what lies in the module
cache as the application, and browsers flag everything.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from errtally.exporter.grouping.places import NATIVE, SCRIPTS, language_of, site
from errtally.exporter.grouping.reporter_frames import is_panic, reports_for
from errtally.exporter.grouping.scoped_names import scoped_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.event.model import Frame
    from errtally.exporter.grouping.ownership import Ownership

APPLICATION: Final = 2
DEPENDENCY: Final = 1
STANDARD_LIBRARY: Final = 0
REPORTER: Final = -1

CACHE_SIZE: Final = 8192
PATH_LENGTH_LIMIT: Final = 1024

_RULES: Final[dict[str, Any]] = json.loads(
    resources.files(__package__).joinpath("data/in_app.json").read_text(encoding="utf-8")
)
_TIERS: Final = ((REPORTER, "reporter"), (DEPENDENCY, "dependency"), (STANDARD_LIBRARY, "standard_library"))
_HELPERS: Final = frozenset(_RULES["helper_functions"])
_GO_STANDARD_LIBRARY: Final = frozenset(_RULES["go_standard_library"])
_NATIVE_FOLDERS: Final = re.compile(_RULES["native_libraries"]["folders"])
_NATIVE_NAMES: Final = re.compile(_RULES["native_libraries"]["names"])
_GO_ROOT: Final = re.compile(r"/(?:go|Go|golang|go[\-_.]?\d[\w.\-]*|x64|libexec|\d+\.\d+[\w.\-]*)/src/([a-z]+)/")
_GO_VERSIONED: Final = re.compile(r"@v\d")
_FAMILIES: Final = {
    "java": ("jvm",), "kt": ("jvm",), "kts": ("jvm",), "scala": ("jvm",), "groovy": ("jvm",), "clj": ("jvm",),
    "cljc": ("jvm",), "class": ("jvm",), "cs": ("dotnet",), "fs": ("dotnet",), "vb": ("dotnet",), "razor": ("dotnet",),
    "cshtml": ("dotnet",), "go": ("go",), "ex": ("beam",), "exs": ("beam",), "erl": ("beam",), "gleam": ("beam",),
    "py": ("python",), "pyc": ("python",), "": ("jvm", "dotnet", "go"),
}  # fmt: skip
_MODULES: Final = {
    (name, family): frozenset(modules) for _, name in _TIERS for family, modules in _RULES[name]["modules"].items()
}
_CRATES: Final = frozenset((*_RULES["dependency"]["crates"], *_RULES["dependency"]["crate_families"]))
_CRATE_FAMILIES: Final = tuple(f"{family}_" for family in _RULES["dependency"]["crate_families"])
_CRATE: Final = re.compile(r"<?(?:&(?:mut )?|\*(?:const|mut) |dyn )*(?:[A-Z]\w* as )?([a-z_]\w*)(?:\[\w+\])?::")
"""The crate of a function's path; of ``<E as anyhow::StdError>::context``, where any type stands first, the trait's."""

_SEPARATORS: Final = re.compile(r"[./$+]|$")
_DECORATORS: Final = frozenset(_RULES["decorators"])
_WITH_DECORATORS: Final = frozenset(("py", "pyc"))
_OVERRULED: Final = frozenset(("go", "rs", "s")) | SCRIPTS | NATIVE
"""Languages whose clients flag dependencies as the application."""


class _Judged(NamedTuple):
    """What one frame is, without those around it.

    Attributes:
        tier: how near it is to the application, by the rules alone.
        flag: the client's flag; None where it says "application" and the path says otherwise.
        is_helper: whether it never decides.
        is_decorator: whether it stands around other functions.
        is_panic: whether what is newer only reports.
        is_whole_go_path: whether it is Go's, with the whole path of its file.
    """

    tier: int
    flag: bool | None
    is_helper: bool
    is_decorator: bool
    is_panic: bool
    is_whole_go_path: bool


def deciding_frame(frames: Sequence[Frame], own: Ownership | None = None) -> tuple[Frame | None, bool]:
    """Return the frame that names the issue, and whether it is the application's.

    The newest frame of the application; without one the newest of a dependency; without one the newest. What the
    reporting client and the runtime's panic did goes first. Recursion needs no collapsing: only one frame of it is
    looked at. The function that a decorator puts around others is the place of none of them: it decides
    where no other of the application is there.

    Args:
        frames: oldest first.
        own: what the settings say of packages and folders.
    """
    judged = [_judge(frame) for frame in frames]
    panics = [at for at, one in enumerate(judged) if one.is_panic]
    if panics and panics[0]:
        del judged[panics[0] :]
    has_panicked = len(judged) < len(frames)
    flags = {one.flag for one in judged if not one.is_helper}
    best: Frame | None = None
    best_tier = REPORTER - 1
    decorator: Frame | None = None
    for at in range(len(judged) - 1, -1, -1):
        one, frame = judged[at], frames[at]
        if one.is_helper:
            continue
        tier = _tier_among(frame, one, flags, own)
        if tier == APPLICATION:
            if one.is_decorator:
                decorator = decorator or frame
                continue
            if at and not has_panicked and reports_for(frame, frames[at - 1]):
                caller = frames[at - 1]
                if _tier_among(caller, judged[at - 1], flags, own) == APPLICATION:
                    return caller, True
            return frame, True
        if tier > best_tier:
            best, best_tier = frame, tier
    if decorator is not None:
        return decorator, True
    return best if best is not None else (frames[len(judged) - 1] if judged else None), False


def is_application(frame: Frame) -> bool:
    """Whether a frame is the application's own, looked at alone: the client's flag, else the rules."""
    one = _judge(frame)
    if frame.in_app is None:
        return one.tier == APPLICATION
    return _tier_among(frame, one, {frame.in_app, True}, None) == APPLICATION


def _judge(frame: Frame) -> _Judged:
    return _judged(
        frame.abs_path or frame.filename or "",
        frame.module or "",
        frame.function or "",
        frame.package or "",
        frame.in_app,
    )


@lru_cache(maxsize=CACHE_SIZE)
def _judged(path: str, module: str, function: str, package: str, in_app: bool | None) -> _Judged:  # noqa: FBT001 (a flag of frames)
    tier = _tier(path, module, function, package)
    language = language_of(path, module, function, package)
    flag = in_app
    if in_app is True and tier != APPLICATION:
        # A function of the engine itself (``JSON.parse``) lies in no file, and old clients for Node flag it all the
        # same.
        is_engine = tier == STANDARD_LIBRARY and not language and not module
        if is_engine or tier == REPORTER or language in _OVERRULED or package:
            flag = None
    return _Judged(
        tier,
        flag,
        is_helper=function in _HELPERS,
        is_decorator=function in _DECORATORS and language in _WITH_DECORATORS,
        is_panic=is_panic(path, module, function),
        is_whole_go_path=language == "go" and (path.startswith("/") or path[1:2] == ":"),
    )


def _tier_among(frame: Frame, one: _Judged, flags: set[bool | None], own: Ownership | None) -> int:
    """Return how near a frame is to the application among others, whose flags tell what its own is worth."""
    if own is not None and (said := own.says(frame)) is not None:
        return APPLICATION if said else DEPENDENCY
    if one.flag is True:
        return APPLICATION
    if one.flag is False:
        # Where nothing is flagged as the application, the flags say nothing: sentry-go's, after -trimpath.
        return min(one.tier, DEPENDENCY) if flags != {False} else one.tier
    if True in flags and frame.in_app is None and not one.is_whole_go_path:
        # A client that flags its own frames leaves out those of libraries. Of Go's the whole path is the
        # application's too: bugsnag-go flags the package main only.
        return min(one.tier, DEPENDENCY)
    return one.tier


def _tier(path: str, module: str, function: str, package: str) -> int:
    path = path[:PATH_LENGTH_LIMIT].replace("\\", "/")
    if not path and not module and not function:
        return STANDARD_LIBRARY
    language = language_of(path, module, function, package)
    if language == "go" and (tier := _go_tier(path, module)) is not None:
        return tier
    families = _FAMILIES.get(language, ())
    if language in NATIVE or language == "rs":
        # What a template returns, and a lambda's holder, stand before the name.
        function = scoped_name(function) if " " in function and not function.startswith(("<", "operator")) else function
    name_of_class = site(path, module, function, package).place if families == ("jvm",) else module
    parts = path if path.startswith("/") else f"/{path}"
    for tier, name in _TIERS:
        rules = _RULES[name]
        if (
            path.startswith(tuple(rules.get("path_prefixes", ())))
            or any(part in parts for part in rules["path_parts"])
            or any(_is_within(name_of_class, _MODULES.get((name, family))) for family in families)
            or function.startswith(tuple(rules["functions"]))
            or package in rules.get("packages", ())
            or (tier == DEPENDENCY and language == "rs" and not package and _is_library(function))
        ):
            return tier
    if package and _is_native_library(package):
        return STANDARD_LIBRARY
    return APPLICATION


def _is_library(function: str) -> bool:
    """Return whether a function of Rust is a well-known crate's."""
    found = _CRATE.match(function)
    return found is not None and (found[1] in _CRATES or found[1].startswith(_CRATE_FAMILIES))


def _go_tier(path: str, module: str) -> int | None:
    """Return the tier of a frame of Go where its path tells it."""
    if _is_within(module, _MODULES["reporter", "go"]) or any(
        part in f"/{path}" for part in _RULES["reporter"]["path_parts"]
    ):
        return REPORTER
    if _GO_VERSIONED.search(path) or "/vendor/" in path or path.startswith("vendor/"):
        return DEPENDENCY
    is_whole = path.startswith("/") or path[1:2] == ":"
    if is_whole:
        root = _GO_ROOT.search(path)
        return STANDARD_LIBRARY if root and root[1] in _GO_STANDARD_LIBRARY else None
    # Without the folders above, a path begins with the package; that of the standard library has no dot.
    first = (path or module).partition("/")[0]
    if first in _GO_STANDARD_LIBRARY and ("/" in path or not path):
        return STANDARD_LIBRARY
    package = path.rpartition("/")[0]
    return DEPENDENCY if _is_within(package, _MODULES["dependency", "go"]) else None


def _is_within(module: str, prefixes: frozenset[str] | None) -> bool:
    if not module or not prefixes:
        return False
    return any(module[: at.start()] in prefixes for at in _SEPARATORS.finditer(module))


def _is_native_library(package: str) -> bool:
    """Return whether a frame's binary is the system's: libc, ntdll, CoreFoundation, what lies in /usr/lib."""
    if _NATIVE_FOLDERS.match(package):
        return True
    return _NATIVE_NAMES.match(package.replace("\\", "/").rpartition("/")[2]) is not None

"""What an error's type is called: without its module, and without those that say nothing of the error."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.event.model import ExceptionInfo

TYPE_LIMIT: Final = 200
CACHE_SIZE: Final = 4096

_PARTS: Final = re.compile(r"::|[.\\/$+:]")
_NAME: Final = re.compile(r"[\w.$\\/:*&+`<>\[\], ~\-]*")
_GENERIC: Final = re.compile(r"(?<=\w)[<\[].*$|`\d+(?:\[[^\]]*\])?")
_PLACE: Final = re.compile(r"\S+\.\w{1,5}:\d+(?: \(.*\))?")
_TOO_SHORT: Final = frozenset(("error", "exception", "err", "errors", "exceptions", "fault", "failure"))
_NO_NAME: Final = frozenset((
    "error", "errors", "exception", "exceptions", "err", "errs", "failure", "lang", "main", "internal", "core", "impl",
))  # fmt: skip
_BASE: Final = frozenset((
    "java.lang", "System", "builtins", "exceptions", "kotlin", "scala", "__builtin__", "core", "stdlib", "Elixir",
))  # fmt: skip

_WRAPPERS: Final = frozenset((
    "wrapError", "wrapErrors", "errorString", "withStack", "withMessage", "fundamental", "joinError", "multiError",
    "causer", "string", "withSecondaryError", "withPrefix", "withDetail", "withHint", "leafError", "errorMessage",
    "stackErr", "Errorf", "wrappedError",
))  # fmt: skip
_RUNTIME_PANIC: Final = re.compile(
    r"\*?runtime\.(?:errorString|boundsError|plainError|TypeAssertionError|PanicNilError|errorAddressString|Error|plainErrorString)"
)


@lru_cache(maxsize=CACHE_SIZE)
def short_type(name: str | None, module: str | None = None) -> str:
    """Return an error type without its module, which one protocol sends apart and another in front of it.

    Where only ``Error`` or ``Exception`` would be left, the part before it stays: ``Mysql2::Error``, ``pq.Error``.

    Args:
        name: as sent.
        module: as sent beside it.
    """
    if not name:
        return ""
    name = name.strip()[:TYPE_LIMIT]
    if _PLACE.fullmatch(name):
        return ""
    if not _NAME.fullmatch(name):
        return name
    full = name.lstrip("*&")
    if module and "." not in full and "::" not in full and full.lower() in _TOO_SHORT and module not in _BASE:
        full = f"{module}.{full}"
    bare = _GENERIC.sub("", full)
    if " " in bare or "," in bare:
        return name
    parts = [part for part in _PARTS.split(bare) if part]
    if not parts:
        return name
    last = parts[-1]
    if last.lower() not in _TOO_SHORT or len(parts) == 1 or ".".join(parts[:-1]) in _BASE:
        return last
    mark = "::" if "::" in bare else "."
    before = next((part for part in reversed(parts[:-1]) if part.lower() not in _NO_NAME), None)
    return f"{before}{mark}{last}" if before else last


def is_runtime_panic(name: str | None) -> bool:
    """Return whether a type is one of those that Go's runtime panics with."""
    return name is not None and _RUNTIME_PANIC.fullmatch(name) is not None


def says_nothing(name: str | None, short: str, *, is_rust: bool) -> bool:
    """Return whether a type is a wrapper's or a text's: ``*fmt.wrapError``, ``*errors.errorString``, anyhow's.

    Args:
        name: as sent.
        short: what `short_type` makes of it.
        is_rust: where a type called no more than ``Error`` is made up from a name in brackets.
    """
    return not name or short in _WRAPPERS or (is_rust and short == "Error")


def named_type(chain: Iterable[ExceptionInfo], *, is_rust: bool) -> str:
    """Return the first type that says something, from the raised exception to its causes; "" without one."""
    for exception in chain:
        if exception.synthetic:
            continue
        if is_runtime_panic(exception.type):
            return "panic"
        short = short_type(exception.type, exception.module)
        if short and not says_nothing(exception.type, short, is_rust=is_rust):
            return short
    return ""

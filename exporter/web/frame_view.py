"""One call of a stack trace as the page shows it: its line, and beneath it source and variables. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from errtally.event.model import Frame
from errtally.exporter.grouping import in_app
from errtally.exporter.symbols.pages import AS_SENT
from errtally.exporter.web.shown_text import CUT, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.web.shown_text import Allowance

MAX_SOURCE_LINES = 5
"""Before the line of the call, and after it."""

SOURCE_LINE_CHARACTERS = 300
VARIABLE_CHARACTERS = 500
NAME_CHARACTERS = 300
_LINE_MARKUP, _ROW_MARKUP, _DETAILS_MARKUP = 90, 40, 150
_NATIVE = frozenset({"native", "cocoa", "c", "rust", "objc", "swift"})


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of source."""

    text: str
    is_call: bool


@dataclass(frozen=True, slots=True)
class FrameView:
    """One call.

    Attributes:
        place: file, or module where no file is known.
        line: line and column as in ``31:7``, "" without.
        function: with its class or module, where the file does not say the same.
        package: library or image that it is in, "" when its place says so.
        address: of the instruction, where the program is native.
        first_line: number of the first line of ``source``, None where the client sent none.
        variables: names and values.
        has_more: whether the client sent source or variables that do not stand here.
        repeated: how many more times this call, and those above it since the last one that has a number, stood here.
        block: how many calls ``repeated`` is about.
        is_focus: whether the page opens it: it is where things went wrong.
        as_sent: what the client sent, where an uploaded file says what was meant; "" for all other calls.
    """

    place: str
    line: str
    function: str
    package: str
    address: str
    is_in_app: bool
    first_line: int | None = None
    source: tuple[SourceLine, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    has_more: bool = False
    repeated: int = 0
    block: int = 1
    is_focus: bool = False
    as_sent: str = ""


def line_of(sent: Mapping[str, Any], allowance: Allowance) -> FrameView:
    """Return a call without its source and variables.

    Args:
        sent: the frame, of any shape.
        allowance: what may be shown.
    """

    def word(*names: str) -> str:
        return next((text for name in names if (text := allowance.take(sent.get(name), NAME_CHARACTERS))), "")

    allowance.take("", markup=_LINE_MARKUP)
    place = word("filename", "abs_path", "module", "package") or "?"
    function = text_of(sent.get("function")) or "?"
    module = text_of(sent.get("module"))
    if module and not _says(place, module) and not function.startswith(module):
        function = f"{module}.{function}"
    package = text_of(sent.get("package")).replace("\\", "/").rsplit("/", 1)[-1]
    return FrameView(
        place,
        allowance.take(_line(sent), 30),
        allowance.take(function, NAME_CHARACTERS),
        "" if not package or package in place else allowance.take(package, NAME_CHARACTERS, markup=_ROW_MARKUP),
        _address(sent, allowance),
        is_in_app(sent),
        has_more=has_details(sent),
        as_sent=_as_sent(sent, allowance),
    )


def with_details(
    frame: FrameView,
    sent: Mapping[str, Any],
    allowance: Allowance,
    *,
    most_variables: int,
    value_characters: int = VARIABLE_CHARACTERS,
) -> FrameView:
    """Return a call with its source and variables.

    Args:
        frame: its line.
        sent: the frame, of any shape.
        allowance: what may be shown.
        most_variables: how many variables to show.
        value_characters: how much of each variable's value.
    """
    allowance.take("", markup=_DETAILS_MARKUP)
    source, first = _source(sent, allowance)
    values = sent.get("vars")
    if not isinstance(values, dict):
        return replace(frame, source=source, first_line=first, has_more=False)
    variables: list[tuple[str, str]] = []
    for name, value in sorted(values.items())[:most_variables]:
        if allowance.is_empty:
            allowance.is_used_up = True
            break
        shown = allowance.take(name, NAME_CHARACTERS, markup=_ROW_MARKUP)
        variables.append((shown, allowance.take(value, value_characters)))
    is_whole = len(variables) == len(values) and not any(value.endswith(CUT) for _, value in variables)
    return replace(frame, source=source, first_line=first, variables=tuple(variables), has_more=not is_whole)


def has_details(sent: Mapping[str, Any]) -> bool:
    """Whether a client sent source or variables of a call."""
    variables = sent.get("vars")
    return sent.get("context_line") is not None or (isinstance(variables, dict) and bool(variables))


def is_in_app(sent: Mapping[str, Any]) -> bool:
    """Whether a frame is the application's: as the client says, else by the rules that group events."""
    flag = sent.get("in_app")
    if isinstance(flag, bool):
        return flag

    def word(name: str) -> str | None:
        value = sent.get(name)
        return value if isinstance(value, str) else None

    return in_app.is_application(
        Frame(word("function"), word("module"), word("filename"), word("abs_path"), package=word("package"))
    )


def identity(sent: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what two frames share when they are the same call."""
    return tuple(
        text_of(sent.get(name)) for name in ("filename", "abs_path", "module", "function", "lineno", "instruction_addr")
    )


def _as_sent(sent: Mapping[str, Any], allowance: Allowance) -> str:
    """Return the call as the client sent it, in one line: ``app.3f2a.js:1:2048 in t``."""
    before = sent.get(AS_SENT)
    if not isinstance(before, dict):
        return ""
    names = [text_of(before.get(name)) for name in ("abs_path", "filename", "module")]
    place = next((name for name in names if name), "")
    module = names[2] if names[2] and names[2] != place else ""
    line = _line(before)
    called = ".".join(word for word in (module, text_of(before.get("function"))) if word)
    whole = f"{place}:{line}" if line else place
    return allowance.take(f"{whole} in {called}" if called else whole, NAME_CHARACTERS, markup=_ROW_MARKUP)


def _line(sent: Mapping[str, Any]) -> str:
    line, column = text_of(sent.get("lineno")), text_of(sent.get("colno"))
    return f"{line}:{column}" if line and column and column != "0" else line


def _address(sent: Mapping[str, Any], allowance: Allowance) -> str:
    platform = sent.get("platform")
    if isinstance(platform, str) and platform not in _NATIVE:
        return ""
    return allowance.take(sent.get("instruction_addr"), 30, markup=_ROW_MARKUP)


def _says(place: str, module: str) -> bool:
    """Whether a file's name says all that its module's does: ``shop/views.py`` and ``shop.views``."""
    flat = place.replace("\\", "/").rsplit(".", 1)[0].replace("/", ".").removesuffix(".__init__").strip(".")
    return flat.endswith(module) or module in {"__main__", place} or module.replace("/", ".") in flat


def _source(sent: Mapping[str, Any], allowance: Allowance) -> tuple[tuple[SourceLine, ...], int | None]:
    call = sent.get("context_line")
    if call is None:
        return (), None
    before = _lines(sent.get("pre_context"))[-MAX_SOURCE_LINES:]
    after = _lines(sent.get("post_context"))[:MAX_SOURCE_LINES]
    lines = tuple(
        SourceLine(allowance.take(text, SOURCE_LINE_CHARACTERS, markup=_ROW_MARKUP), index == len(before))
        for index, text in enumerate((*before, call, *after))
    )
    number = sent.get("lineno")
    is_number = isinstance(number, int) and not isinstance(number, bool) and number > len(before)
    return lines, number - len(before) if is_number and isinstance(number, int) else None


def _lines(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

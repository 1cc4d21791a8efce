"""Which runtime printed this stack trace: an explicit table, asked by the platform's name first, then by content."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.stacktraces import (
    dart,
    dotnet,
    elixir,
    go,
    java,
    javascript,
    lua,
    native,
    perl,
    php,
    python,
    ruby,
    rust,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import ExceptionInfo

TEXT_LIMIT: Final = 256 * 1024
LINE_LIMIT: Final = 2_000
LINES_LIMIT: Final = 4_000
"""Text beyond these is cut out of the middle: a trace says what matters at its two ends."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Runtime:
    """One form of stack trace.

    Attributes:
        platforms: names by which clients call it, lower case.
        recognises: whether a text looks like it; cheap, linear.
        parse: the lines' exceptions, causes first; [] when it is another form after all.
    """

    name: str
    platforms: frozenset[str]
    recognises: Callable[[str], bool]
    parse: Callable[[list[str]], list[ExceptionInfo]]


def _runtime(name: str, module: object, *platforms: str) -> Runtime:
    return Runtime(name, frozenset((name, *platforms)), module.recognises, module.parse)  # type: ignore[attr-defined]


RUNTIMES: Final = (
    _runtime("ruby", ruby),  # before python: order :bottom has python's heading
    _runtime("python", python),
    _runtime("rust", rust),
    _runtime("go", go, "golang"),
    _runtime("java", java, "kotlin", "scala", "groovy", "clojure", "android"),
    _runtime("javascript", javascript, "node", "nodejs", "webjs", "typescript", "deno", "bun"),
    _runtime("php", php),
    _runtime("elixir", elixir, "erlang"),
    _runtime("dart", dart, "flutter"),
    _runtime("lua", lua),
    _runtime("native", native, "c", "cpp", "c++", "cocoa", "swift"),
    _runtime("dotnet", dotnet, "csharp", "c#", ".net", "fsharp", "vb"),
    _runtime("perl", perl),
)
"""Most telling forms first; the last ones have few marks of their own."""


def parse(text: str, platform: str | None = None) -> list[ExceptionInfo]:
    """Return the exceptions of a stack trace: causes first, the raised one last, oldest frame first.

    Args:
        text: the trace as the runtime printed it; a log prefix or a few other lines around it do no harm.
        platform: the runtime's name if the client told; a wrong one does no harm either.

    Returns:
        [] for a form that is not known.
    """
    text = _cut(text)
    lines: list[str] | None = None
    for runtime in _candidates(platform):
        if runtime.recognises(text):
            if lines is None:
                lines = _lines(text)
            exceptions = runtime.parse(lines)
            if any(exception.frames or exception.type for exception in exceptions):
                return exceptions
    return []


def _candidates(platform: str | None) -> tuple[Runtime, ...]:
    named = (platform or "").lower()
    chosen = next((runtime for runtime in RUNTIMES if named in runtime.platforms), None)
    return RUNTIMES if chosen is None else (chosen, *(runtime for runtime in RUNTIMES if runtime is not chosen))


def _cut(text: str) -> str:
    if len(text) > TEXT_LIMIT:
        head, tail = text[: TEXT_LIMIT // 2], text[-TEXT_LIMIT // 2 :]
        text = (head.rpartition("\n")[0] or head) + "\n" + (tail.partition("\n")[2] or tail)
    return _COLOUR.sub("", text) if "\x1b" in text else text


def _lines(text: str) -> list[str]:
    lines = [line[:LINE_LIMIT].rstrip("\r") for line in text.split("\n")]
    return lines if len(lines) <= LINES_LIMIT else lines[: LINES_LIMIT // 2] + lines[-LINES_LIMIT // 2 :]

""".NET and Mono: ``at Type.Method(arguments) in file:line 1``; inner exceptions are named first, their frames too."""

from __future__ import annotations

import re
from typing import Final

from errtally.event.model import ExceptionInfo, Frame

# "at" and "line" are translated by the runtime: the forms of the languages .NET Framework was shipped in.
_AT: Final = r"(?:at|bei|à|en|в|em|in|w|konum:|场所|場所|위치:)"
_FRAME: Final = re.compile(
    rf"\s+{_AT} (?P<called>[^\s(][^(\n]*?) ?\((?P<arguments>[^\n]*?)\)(?: \[0x[0-9a-fA-F]+\])?"
    r"(?: (?:in|en|dans|в|em|w) (?P<file>.+?):(?:[^\W\d]+ )?(?P<line>\d+)\.?)?\s*$"
)
_RECOGNISED: Final = re.compile(rf"^[ \t]+{_AT} [\w.<>`\[\],+|$]+ ?\([^\n]*\)", re.MULTILINE)
_HEADER: Final = re.compile(
    r"(?:Unhandled [Ee]xception[.:]\s*)?([A-Za-z_][\w.`+]*)(?: \([^)]*\))?(?:: ?(.*))?$", re.DOTALL
)
_INNER: Final = " ---> "
_END_OF_INNER: Final = re.compile(r"\s*--- (?:End of inner exception|Ende der internen Ausnahme|Fin de la trace)")
_ASYNC_CLASS: Final = re.compile(r"(?:\+|\.)?<(\w*)>d__\d+(?:`\d+)?$")
_HASH_PLACE: Final = re.compile(r"<[0-9a-f#\w ]*>$")


def recognises(text: str) -> bool:
    """Whether a line reads ``at Type.Method(...)``."""
    return _RECOGNISED.search(text) is not None


def parse(lines: list[str]) -> list[ExceptionInfo]:
    """Return the exceptions, innermost first; the members of an AggregateException beyond the first are left out."""
    headers: list[str] = []
    groups: list[list[Frame]] = [[]]
    for line in lines:
        text = line.strip()
        if text.startswith("---> (Inner Exception #"):
            break
        if frame := _FRAME.match(line):
            groups[-1].append(_frame(frame))
        elif _END_OF_INNER.match(line):
            groups.append([])
        elif text.startswith(_INNER.strip()) and headers:
            headers.append(text[5:])
        elif text and not groups[0] and not text.startswith("--- "):
            if headers:
                # A line of log before the exception gives way to it; other lines belong to the message.
                headers[-1] = text if _names_type(text) else f"{headers[-1]}\n{text}"
            else:
                headers.append(text)
    names = [name for header in headers for name in header.split(_INNER)]
    if not any(groups):
        return []
    # The raised one is named first, its frames come last.
    pairs = max(len(names), len(groups))
    names += [""] * (pairs - len(names))
    groups += [[] for _ in range(pairs - len(groups))]
    return [_exception(name, group[::-1]) for name, group in zip(reversed(names), groups, strict=True)]


def _names_type(text: str) -> bool:
    return _HEADER.match(text) is not None and "." in text.partition(":")[0]


def _exception(header: str, frames: list[Frame]) -> ExceptionInfo:
    if found := _HEADER.match(header):
        module, _, name = found[1].rpartition(".")
        return ExceptionInfo(name, (found[2] or "").strip(), module or None, frames)
    return ExceptionInfo(None, header or None, None, frames)


def _frame(found: re.Match[str]) -> Frame:
    called = found["called"]
    cut = called.rfind(".", 0, called.find("[") if "[" in called else len(called))
    if "]." in called:  # Repo`1[T].Find
        cut = called.rfind("].") + 1
    module, function = (called[:cut], called[cut + 1 :]) if cut > 0 else (None, called)
    if module and function == "MoveNext" and (machine := _ASYNC_CLASS.search(module)):
        module, function = module[: machine.start()], machine[1]
    file = found["file"]
    known = bool(file) and not _HASH_PLACE.match(file)
    return Frame(
        function=function,
        module=module,
        filename=file if known else None,
        lineno=int(found["line"]) if known else None,
    )

"""Kept events as pages, exports and the API show them: their frames read by what was uploaded, now or since then.

A frame that was read keeps what the client sent under ``as_sent``. What could not be read is told under ``unread``,
which is never kept: it says what is true at the time of looking.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from errtally.event.model import ExceptionInfo, Frame
from errtally.exporter.grouping.stacktraces import registry
from errtally.exporter.symbols import images
from errtally.exporter.symbols.located import Origin
from errtally.exporter.symbols.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.event.model import ResolvedFrame
    from errtally.exporter.symbols.resolver import Resolver

AS_SENT: Final = "as_sent"
UNREAD: Final = "unread"
MAX_UNREAD: Final = 20
_WORDS: Final = ("function", "module", "filename", "abs_path", "package")
_NUMBERS: Final = ("lineno", "colno")
_KEPT_AS_SENT: Final = (*_WORDS, *_NUMBERS)
_READ: Final = (*_KEPT_AS_SENT, "in_app", "context_line", "pre_context", "post_context")
_MAX_NUMBER: Final = 1 << 53

Scrub = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a kept event.

    Attributes:
        page: the event; another object where something was read.
        is_read: whether something was.
        trace: what was tried.
    """

    page: dict[str, Any]
    is_read: bool
    trace: Trace


def read_page(resolver: Resolver, project: str, page: dict[str, Any], scrub: Scrub | None = None) -> Reading:
    """Read the frames of a kept event.

    Args:
        resolver: knows what was uploaded.
        project: whose event it is.
        page: of any shape; it stays as it is.
        scrub: takes the secrets out of a frame that was read; None where the whole event is scrubbed afterwards.

    Raises:
        StoreError: the uploads can't be read.
    """
    found = images.read(page.get("debug_meta"))
    trace = Trace(resolver, Origin(project, _word(page, "release") or "", _word(page, "dist") or ""), found)
    changed: dict[str, Any] = {}
    reader = _Frames(trace, scrub)
    exceptions = [reader.exception(one) for one in _dicts(page.get("exceptions"))]
    if any(one is not None for one in exceptions):
        changed["exceptions"] = [new or old for new, old in zip(exceptions, _dicts(page["exceptions"]), strict=True)]
    if (frames := reader.read(page.get("frames"))) is not None:
        changed["frames"] = frames
    threads = [(one, reader.read(one.get("frames"))) for one in _dicts(page.get("threads"))]
    if any(frames is not None for _, frames in threads):
        changed["threads"] = [one if frames is None else {**one, "frames": frames} for one, frames in threads]
    if "exceptions" not in page and "frames" not in page and isinstance(page.get("stack"), str):
        changed |= reader.stack(page)
    if not changed:
        return Reading(page, is_read=False, trace=trace)
    whole = {**page, **changed}
    return Reading({name: value for name, value in whole.items() if value is not None}, is_read=True, trace=trace)


def frame_of(sent: Mapping[str, Any]) -> Frame:
    """Return a kept frame in the shared model."""
    flag = sent.get("in_app")
    return Frame(
        **{name: _word(sent, name) for name in _WORDS},
        lineno=_number(sent, "lineno"),
        colno=_number(sent, "colno"),
        in_app=flag if isinstance(flag, bool) else None,
        context_line=_word(sent, "context_line"),
    )


class _Frames:
    """Reads the frames of one event."""

    def __init__(self, trace: Trace, scrub: Scrub | None) -> None:
        self._trace = trace
        self._scrub = scrub

    def exception(self, sent: dict[str, Any]) -> dict[str, Any] | None:
        """Return an exception with its frames read, None where there is nothing to change."""
        changed: dict[str, Any] = {}
        frames = self.read(sent.get("frames"))
        if frames is not None:
            changed["frames"] = frames
        info = ExceptionInfo(type=_word(sent, "type"), module=_word(sent, "module"))
        if AS_SENT not in sent and self._trace.exception(info):
            changed |= {"type": info.type, "module": info.module, AS_SENT: {"type": sent.get("type")}}
        return {**sent, **changed} if changed else None

    def read(self, sent: object) -> list[dict[str, Any]] | None:
        """Return frames, those that could be read as they are in the source; None where that is none of them."""
        frames = _dicts(sent)
        found: list[dict[str, Any]] = []
        has_any = False
        for at, one in enumerate(frames):
            frame = frame_of(one)
            calls: Sequence[ResolvedFrame] = ()
            if AS_SENT not in one:
                address = images.number(one.get("instruction_addr"))
                if address is not None:
                    # Of a call that has not returned the address is that of the next instruction.
                    calls = self._trace.native_calls(address if at == len(frames) - 1 else address - 1, frame)
                calls = calls or self._trace.calls(frame)
            if not calls:
                found.append(one)
                continue
            has_any = True
            for index, call in enumerate(calls):
                found.append(self._resolved(one, call, is_innermost=index == len(calls) - 1))
        return found if has_any else None

    def _resolved(self, sent: dict[str, Any], call: ResolvedFrame, *, is_innermost: bool) -> dict[str, Any]:
        kept = {name: value for name, value in sent.items() if name not in _READ and (is_innermost or name != "vars")}
        values = {name: getattr(call, name) for name in (*_KEPT_AS_SENT, "in_app")}
        shown = kept | {name: value for name, value in values.items() if value is not None}
        around = self._trace.context(call.sent) if call.sent is not None and call.context_line is not None else None
        if around is None and call.sent is not None and call.colno is not None:
            around = self._trace.context(call.sent)
        if around is not None:
            shown["pre_context"], shown["context_line"], shown["post_context"] = around
        shown[AS_SENT] = {name: sent[name] for name in _KEPT_AS_SENT if sent.get(name) is not None}
        return self._scrub(shown) if self._scrub is not None else shown

    def stack(self, page: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to change of an event whose stack came as the runtime's own text."""
        parsed = registry.parse(page["stack"], _word(page, "platform"))
        read = [self._trace.frames(exception.frames) for exception in parsed]
        if not any(frames is not None for frames in read):
            return {}
        shown: list[dict[str, Any]] = []
        for exception, frames in zip(parsed, read, strict=True):
            plain = [_plain(frame) for frame in exception.frames]
            shown.append({"type": exception.type, "value": exception.value,
                          "frames": plain if frames is None else self.read(plain)})  # fmt: skip
        return {"exceptions": shown, "stack": None, f"stack_{AS_SENT}": page["stack"]}


def _plain(frame: Frame) -> dict[str, Any]:
    values = {name: getattr(frame, name) for name in (*_KEPT_AS_SENT, "in_app", "context_line")}
    return {name: value for name, value in values.items() if value is not None}


def _word(sent: Mapping[str, Any], name: str) -> str | None:
    value = sent.get(name)
    return value if isinstance(value, str) else None


def _number(sent: Mapping[str, Any], name: str) -> int | None:
    value = sent.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_NUMBER else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []

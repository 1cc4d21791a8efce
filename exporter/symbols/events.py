"""Events on their way in: their calls get their names back before anything is scrubbed or grouped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from errtally.event.model import Event, ResolvedFrame
from errtally.exporter.grouping.stacktraces import registry
from errtally.exporter.symbols import images
from errtally.exporter.symbols.located import Origin
from errtally.exporter.symbols.pages import AS_SENT, frame_of, read_page
from errtally.exporter.symbols.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import ExceptionInfo
    from errtally.exporter.symbols.resolver import Resolver


@dataclass(slots=True)
class Resolution:
    """What became of an event.

    Attributes:
        sent: the event as it was, None when nothing of it was read; it shares what was not changed.
        details: makes what its page shows.
        outcomes: how many frames had which outcome (`names.SYMBOL_OUTCOMES`).
    """

    details: Callable[[], dict[str, Any]]
    sent: Event | None = None
    outcomes: Counter[str] = field(default_factory=Counter)


def resolve(
    resolver: Resolver,
    project: str,
    event: Event,
    details: Callable[[], dict[str, Any]],
    debug_meta: object,
    dist: str,
) -> Resolution:
    """Read the calls of an event; those that could be read are put in place of what was sent.

    Args:
        resolver: knows what was uploaded; it `serves` the project.
        project: whose event it is.
        event: changed where something is read.
        details: as `SubmittedEvent.details`.
        debug_meta: as sent, or its JSON.
        dist: distribution of the release, "" without.

    Raises:
        StoreError: the uploads can't be read.
    """
    found = images.read(debug_meta) if debug_meta is not None else images.Images()
    trace = Trace(resolver, Origin(project, event.release or "", dist), found)
    sent = replace(event, exceptions=[replace(one) for one in event.exceptions])
    is_read = _read_text(trace, event) if event.stack and not event.exceptions and not event.frames else False
    for exception in event.exceptions:
        is_read = _read(trace, exception) or is_read
    if event.frames and (frames := trace.frames(event.frames)) is not None:
        event.frames, is_read = frames, True

    def read_details() -> dict[str, Any]:
        return _page(resolver, project, event, details(), dist)

    if found.native:
        is_read = _read_native(event, page := read_details(), trace) or is_read
        return Resolution(lambda: page, sent if is_read else None, trace.outcomes)
    return Resolution(read_details if is_read else details, sent if is_read else None, trace.outcomes)


def _read(trace: Trace, exception: ExceptionInfo) -> bool:
    frames = trace.frames(exception.frames)
    if frames is not None:
        exception.frames = frames
    return trace.exception(exception) or frames is not None


def _read_text(trace: Trace, event: Event) -> bool:
    """Read a stack that came as the runtime's own text; what it says of type and message is the event's then."""
    parsed = registry.parse(event.stack or "", event.platform)
    is_read = False
    for exception in parsed:
        is_read = _read(trace, exception) or is_read
    if is_read:
        parsed[-1].type = event.type or parsed[-1].type
        parsed[-1].value = event.message or parsed[-1].value
        event.exceptions, event.stack = parsed, None
    return is_read


def _read_native(event: Event, page: dict[str, Any], trace: Trace) -> bool:
    """Take the calls of native frames over from the page, which alone has their addresses."""
    is_read = False
    shown = [one for one in page.get("exceptions", ()) if isinstance(one, dict)]
    for exception, one in zip(reversed(event.exceptions), reversed(shown), strict=False):
        is_read = _replace_frames(exception, one.get("frames"), trace) or is_read
    holder = event if event.frames else None
    if holder is not None:
        frames = page.get("frames") or (shown[0].get("frames") if len(shown) == 1 else None)
        is_read = _replace_frames(holder, frames, trace) or is_read
    return is_read


def _replace_frames(holder: Event | ExceptionInfo, frames: object, trace: Trace) -> bool:
    found = [one for one in frames if isinstance(one, dict)] if isinstance(frames, list) else []
    read = [one for one in found if AS_SENT in one]
    if not read or any(isinstance(frame, ResolvedFrame) for frame in holder.frames):
        return False
    holder.frames = [_call(one) for one in found]
    trace.outcomes["resolved"] += len(read)
    return True


def _call(shown: dict[str, Any]) -> Any:  # noqa: ANN401
    frame = frame_of(shown)
    if AS_SENT not in shown:
        return frame
    sent = frame_of(shown[AS_SENT])
    return ResolvedFrame(
        frame.function, frame.module, frame.filename, frame.abs_path, frame.lineno, frame.colno, frame.in_app,
        frame.context_line, frame.package, sent,
    )  # fmt: skip


def _page(resolver: Resolver, project: str, event: Event, details: dict[str, Any], dist: str) -> dict[str, Any]:
    """Return the details with their frames read; what the shared model has of the event stands in for their own."""
    facts = {"release": event.release, "dist": dist or details.get("dist"), "platform": event.platform}
    page = read_page(resolver, project, {**details, **facts}).page
    return {name: value for name, value in page.items() if name not in facts or name in details}

"""Stack frames as most protocols send them, brought to the shared model and to what an event's page shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from errtally.exporter.protocols import values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.event.model import ExceptionInfo, Frame

MAX_FRAMES = 250
MAX_EXCEPTIONS = 50
MAX_SOURCE_LINES = 20
_UNKNOWN_FUNCTIONS = frozenset({"", "?", "(unknown)", "[anonymous]", "<unknown>"})

T = TypeVar("T")


def without_middle(sent: Sequence[T]) -> list[T]:
    """Return at most 250 frames: of a recursion both ends say what happened."""
    if len(sent) <= MAX_FRAMES:
        return list(sent)
    return [*sent[: MAX_FRAMES // 2], *sent[-MAX_FRAMES // 2 :]]


def function(value: object) -> str | None:
    """Return a function's name, None for the words by which clients say that they don't know it."""
    name = values.text(value, 256)
    return None if name is None or name.strip() in _UNKNOWN_FUNCTIONS else name


def path(value: object, root: object = None) -> str | None:
    """Return a file's whole path.

    Args:
        value: the path as sent; clients put ``/PROJECT_ROOT`` or ``[PROJECT_ROOT]`` for the project's folder, or
            leave it out.
        root: the project's folder, when the client sent it.
    """
    sent = values.text(value, 512)
    if not sent:
        return None
    for placeholder in ("/PROJECT_ROOT", "[PROJECT_ROOT]"):
        if sent.startswith(placeholder):
            sent = sent[len(placeholder) :].lstrip("/")
            break
    is_whole = sent.startswith(("/", "\\", "<", "[")) or ":" in sent
    folder = values.text(root, 512)
    if is_whole or not folder:
        return sent
    return f"{folder.rstrip('/')}/{sent}"


def shown(frame: Frame, code: object = None) -> dict[str, Any]:
    """Write a frame for the event's page.

    Args:
        frame: the frame.
        code: source lines by their numbers as text, as Airbrake, Honeybadger and Bugsnag send them.
    """
    page = {name: value for name, value in asdict(frame).items() if value is not None}
    line = frame.lineno
    if isinstance(code, dict) and line is not None:
        around: dict[int, str] = {}
        for number, content in list(code.items())[:MAX_SOURCE_LINES]:
            at = values.integer(number)
            if at is not None:
                around[at] = (values.text(content, 512) or "").rstrip("\n")
        if line in around:
            page["context_line"] = around[line]
            page["pre_context"] = [around[at] for at in sorted(around) if at < line]
            page["post_context"] = [around[at] for at in sorted(around) if at > line]
    return page


def exception_shown(exception: ExceptionInfo, frames: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Write an exception for the event's page; ``frames`` stand in for its own, oldest first."""
    return {
        "type": exception.type,
        "value": exception.value,
        "module": exception.module,
        "frames": [shown(frame) for frame in exception.frames] if frames is None else frames,
    }

"""What goes over the wire: server-sent events as bytes (https://html.spec.whatwg.org/multipage/server-sent-events.html).

An event of the store is a frame without a name, so that ``onmessage`` gets it. ``left_out`` and ``gap`` have names;
``error`` could not be one, for browsers raise it themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from errtally.exporter.digest.stream import NEW, REGRESSED, StreamItem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from errtally.exporter.digest.stream import LeftOut
    from errtally.exporter.store.stream import StreamRow
    from errtally.exporter.web.stream.filters import Filters

RETRY_MILLISECONDS = 3_000
CHUNK_BYTES = 64 * 1024
"""A client gets at most about so much at once; what comes behind waits in the store."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One row of the ring, its events ready to be sent.

    Attributes:
        first: number of the fold's first event.
        last: number of its last event.
        items: number, event, frame.
        left_out: what was only counted.
    """

    first: int
    last: int
    items: list[tuple[int, StreamItem, bytes]]
    left_out: list[LeftOut]


def prepare(told: StreamRow, epoch: str) -> Fold:
    """Write the frames of a fold once for all clients."""
    items = []
    for item in told.batch.items:
        number = told.first - 1 + item.place
        items.append((number, item, _frame(public(item), f"{epoch}-{number}")))
    return Fold(told.first, told.last, items, told.batch.left_out)


def public(item: StreamItem) -> dict[str, Any]:
    """What the stream tells of one event; ``link`` leads to its page, below ``external_url``."""
    query = {"project": item.project, **({"event": item.event_id} if item.is_kept else {})}
    return {
        "event_id": item.event_id,
        "issue": item.issue,
        "project": item.project,
        "environment": item.environment,
        "level": item.level,
        "type": item.type,
        "title": item.title,
        "message": item.message,
        "culprit": item.culprit,
        "release": item.release,
        "timestamp": item.timestamp,
        "is_new": item.notice == NEW,
        "is_regressed": item.notice == REGRESSED,
        "link": f"/issues/{item.issue}?{urlencode(query)}",
    }


def chunk(folds: Iterable[Fold], position: int, epoch: str, filters: Filters) -> tuple[bytes, int]:
    """Write what one client gets of folds that follow each other.

    Args:
        folds: in order; the first may have begun before the position.
        position: number of the last event that the client has.
        epoch: of the store.
        filters: what the client asks for.

    Returns:
        The bytes, none when nothing fits, and the client's new position.
    """
    parts: list[bytes] = []
    size = left_out = 0
    for fold in folds:
        if fold.first > position + 1:
            parts.append(gap(f"{epoch}-{fold.first - 1}", "expired", fold.first - 1 - position))
        for number, item, frame in fold.items:
            if number > position and filters.match(item):
                parts.append(frame)
                size += len(frame)
        left_out += sum(left.events for left in fold.left_out if filters.match(left))
        position = fold.last
        if size > CHUNK_BYTES:
            break
    if left_out:
        parts.append(_frame({"events": left_out}, f"{epoch}-{position}", "left_out"))
    return b"".join(parts), position


def gap(id_: str, reason: str, missed: int | None) -> bytes:
    """Say that events are missing.

    Args:
        id_: where the stream goes on.
        reason: ``expired`` when the store no longer has them, ``unknown_id`` when it does not know the client's place.
        missed: how many events of all kinds were counted in between; None when nobody knows.
    """
    return _frame({"reason": reason, "missed": missed}, id_, "gap")


def greeting() -> bytes:
    """Begin a stream: how long to wait before connecting again."""
    return f": errtally\nretry: {RETRY_MILLISECONDS}\n\n".encode()


def heartbeat(epoch: str, position: int) -> bytes:
    """Show that the connection lives, and where the client is by now: frames without data are not shown to anyone."""
    return f": heartbeat\nid: {epoch}-{position}\n\n".encode()


def _frame(data: dict[str, Any], id_: str, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}id: {id_}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"

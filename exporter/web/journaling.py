"""What people decide goes into the journal; whoever waits until it is folded reads it next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import abort

from errtally.errors import JournalError
from errtally.exporter.journal.records import encoder
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.exporter.journal.records import Record

FOLD_WAIT_SECONDS = 2.0
_LOOK_SECONDS = 0.01


def journal(record: Record, now: float) -> None:
    """Write a record; 503 where the journal can't be written. ``now`` in seconds since the epoch."""
    try:
        part("appender").append(encoder.encode(record), 0, now)
    except JournalError as exc:
        abort(503, str(exc))


def wait(is_folded: Callable[[], bool]) -> None:
    """Wait until something can be read, for at most `FOLD_WAIT_SECONDS`: a writer that is behind takes it later."""
    deadline = time.monotonic() + FOLD_WAIT_SECONDS
    while not is_folded() and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)

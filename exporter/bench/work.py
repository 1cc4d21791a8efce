"""The fixed work: 200 Sentry envelopes of 9 KB, and 1,000 native events of 0.5 KB whose messages all differ."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from errtally.exporter.bench.patched_gzip import SERIALS, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH_EVENTS = 100
_EVENT_ID = re.compile(rb'"event_id": ?"([0-9a-f]{32})"')


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work.

    Attributes:
        events_per_request: events in one POST.
        target: what the CPU of an event should be at most, as a multiple of the limit, or where decoding takes 1.5 us.
    """

    name: str
    what: str
    events_per_request: int
    target: str


KINDS: tuple[Kind, ...] = (
    Kind("sentry-envelope", "Sentry envelope, 9 KB gzip, one event a POST", 1, "2.5 x"),
    Kind("native-single", "native event, 0.5 KB, one a POST", 1, "3 x"),
    Kind("native-batch", "native batch of 100", BATCH_EVENTS, "20 us"),
)


def envelopes() -> list[bytes]:
    """The Sentry envelopes as sent, not compressed."""
    return gzip.decompress(resources.files(__package__).joinpath("work/envelopes.gz").read_bytes()).split(b"\0")


def events() -> list[bytes]:
    """The native events, one JSON object each."""
    return gzip.decompress(resources.files(__package__).joinpath("work/events.gz").read_bytes()).splitlines()


def requests(kind: str, host: str, prefix: str) -> Iterator[bytes]:
    """Endless HTTP requests of one kind, ready to be written to a socket.

    Args:
        kind: name of one of ``KINDS``.
        host: value of the Host header.
        prefix: 24 hex digits for the ids of this run's Sentry events; native events have none and get one on arrival.
    """
    if kind == "sentry-envelope":
        return _sentry(host, prefix)
    single = events()
    if kind == "native-single":
        bodies = single
    else:
        batches = [single[start : start + BATCH_EVENTS] for start in range(0, len(single), BATCH_EVENTS)]
        bodies = [b'{"events":[' + b",".join(batch) + b"]}" for batch in batches]
    head = b"POST /api/events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer bench\r\nContent-Type: application/json\r\n"
    head %= host.encode()
    return itertools.cycle([head + b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies])


def accepted_events(answer: bytes, kind: str) -> int:
    """How many events a 2xx answer says were taken."""
    if kind == "sentry-envelope":
        return 1
    accepted: int = json.loads(answer)["accepted"]
    return accepted


def _sentry(host: str, prefix: str) -> Iterator[bytes]:
    head = (
        b"POST /api/1/envelope/?sentry_key=bench&sentry_version=7 HTTP/1.1\r\nHost: %s\r\n"
        b"Content-Type: application/x-sentry-envelope\r\nContent-Encoding: gzip\r\n" % host.encode()
    )
    bodies = []
    for raw in envelopes():
        found = _EVENT_ID.search(raw)
        if found is None:
            raise ValueError("an envelope of the benchmark's work has no event id")
        body = prepare(raw, found.group(1), prefix)
        bodies.append((head + b"Content-Length: %d\r\n\r\n" % len(body.patched(0)), body))
    for serial, (start, body) in zip(range(SERIALS), itertools.cycle(bodies), strict=False):
        yield start + body.patched(serial)

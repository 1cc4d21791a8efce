"""Airbrake's performance statistics: clients add timings up by minute and send totals with a t-digest of them.

Routes and queues are requests of a service. Totals of queries, and of what a route spent its time on, are counted and
not used.

Specification: https://docs.airbrake.io/docs/devops-tools/api/
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import TYPE_CHECKING, Any

from errtally.event.signals import RequestTiming
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.ingest.request import Response
from errtally.exporter.ingest.submission import Submission
from errtally.exporter.protocols import airbrake, tolerant, values
from errtally.exporter.protocols.reading import bounded
from errtally.exporter.protocols.transactions import transaction_name

if TYPE_CHECKING:
    from errtally.exporter.config import Limits
    from errtally.exporter.ingest.admission import Admission
    from errtally.exporter.ingest.request import Request

MAX_QUANTITY = 1_000_000
"""Requests of one route in one minute, at most."""
MAX_ENTRIES = 1000
_MAX_CENTROIDS = 1000
_SMALL_ENCODING = 2
_HEADER = struct.Struct(">idi")
_NOT_FOUND = 404

Centroids = list[tuple[float, int]]
"""Durations in milliseconds and how many requests took about that long."""


def decode(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Decode totals of routes or queues; entries that say nothing sensible are counted as rejected."""
    submission = Submission(project=admission.project(request.route["project"], airbrake.key_of(request)))
    sent = tolerant.document(bounded(request.body(), limits, "statistics"))
    environment = values.label(sent.get("environment"), 64) or ""
    entries = [(entry, "route") for entry in tolerant.objects(sent.get("routes"))]
    entries += [(entry, "queue") for entry in tolerant.objects(sent.get("queues"))]
    for entry, kind in entries[:MAX_ENTRIES]:
        timings = _timings(entry, kind, environment, request.received)
        if not timings:
            submission.rejected["bad_statistics"] += 1
        submission.requests += timings
    if len(entries) > MAX_ENTRIES:
        submission.rejected["bad_statistics"] += len(entries) - MAX_ENTRIES
    if submission.requests:
        submission.items["request"] = sum(timing.quantity for timing in submission.requests)
    return submission


def _timings(sent: dict[str, Any], kind: str, environment: str, received: float) -> list[RequestTiming]:
    count, total = values.integer(sent.get("count")), values.number(sent.get("sum"))
    if count is None or total is None or not 0 < count <= MAX_QUANTITY or total < 0:
        return []
    centroids = read_digest(sent.get("tdigest"), count) or [(total / count, count)]
    code = values.integer(sent.get("statusCode")) if kind == "route" else None
    status = values.status_class(code)
    failures = min(max(values.integer(sent.get("errorCount")) or 0, 0), count) if kind == "queue" else 0
    if failures:  # which of the jobs failed is not told
        centroids = [(total / count, failures), (total / count, count - failures)]
    name = sent.get(kind)
    if kind == "route":
        name = transaction_name(name, None, is_missing=code == _NOT_FOUND)
    return [
        RequestTiming(
            transaction=values.label(name) or "unnamed",
            duration_seconds=milliseconds / 1000,
            timestamp=values.timestamp(sent.get("time"), received),
            method=values.method(sent.get("method")) if kind == "route" else "",
            status_class=status,
            failed=status == "5xx" or bool(failures and not place),
            environment=environment,
            quantity=quantity,
        )
        for place, (milliseconds, quantity) in enumerate(centroids)
        if quantity and milliseconds / 1000 <= values.MAX_DURATION_SECONDS
    ]


def read_digest(sent: object, count: int) -> Centroids:
    """Read a t-digest in its small encoding, big endian: differences of means, then counts as variable integers.

    Format: AVLTreeDigest.asSmallBytes of github.com/tdunning/t-digest, which Airbrake's clients for Go, Ruby and Python
    write as well.

    Args:
        sent: base64 of it.
        count: how many requests it has to be of.

    Returns:
        Its centroids; none when it is something else.
    """
    try:
        raw = base64.b64decode(sent, validate=True) if isinstance(sent, str) else b""
        encoding, _, size = _HEADER.unpack_from(raw)
        if encoding != _SMALL_ENCODING or not 0 < size <= _MAX_CENTROIDS:
            return []
        differences = struct.unpack_from(f">{size}f", raw, _HEADER.size)
        counts, end = _integers(raw, _HEADER.size + 4 * size, size)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return []
    mean, centroids = 0.0, []
    for difference, quantity in zip(differences, counts, strict=True):
        mean += difference
        centroids.append((mean, quantity))
    is_sound = end == len(raw) and sum(counts) == count and all(0 <= one[0] < float("inf") for one in centroids)
    return centroids if is_sound else []


def _integers(raw: bytes, offset: int, quantity: int) -> tuple[list[int], int]:
    """Read integers of seven bits a byte, lowest first; returns them and where they end."""
    found = []
    for _ in range(quantity):
        value = shift = 0
        while True:
            byte = raw[offset]
            offset += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004 (the last byte of an integer)
                break
        found.append(value)
    return found, offset


def decode_unused(request: Request, admission: Admission, limits: Limits) -> Submission:
    """Count totals of queries and of parts of routes: they are no requests of a service."""
    submission = Submission(project=admission.project(request.route["project"], airbrake.key_of(request)))
    sent = tolerant.document(bounded(request.body(), limits, "statistics"))
    quantity = sum(len(found) for found in sent.values() if isinstance(found, list))
    if quantity:
        submission.items["skipped_statistics"] = quantity
    return submission


def answer(_: Submission) -> Response:
    """Answer as Airbrake does: there is nothing to say."""
    return Response(200, b"{}")


ENDPOINTS = tuple(
    Endpoint(
        protocol="airbrake",
        pattern=re.compile(rf"(?:/.*)?/api/v[0-9]{{1,2}}/projects/(?P<project>[^/]+)/{ending}/?"),
        decode=decoder,
        answer=answer,
        refuse=airbrake.refuse,
        methods=("PUT", "POST"),
        endings=(ending,),
        categories=("transaction",) if decoder is decode else (),
    )
    for ending, decoder in (
        ("routes-stats", decode),
        ("queues-stats", decode),
        ("routes-breakdowns", decode_unused),
        ("queries-stats", decode_unused),
    )
)

"""Prometheus' protobuf exposition: the one format that carries start timestamps and that every Prometheus can ask for.

A counter's start timestamp says since when it counts from 0, so a scraper that stores it sees the value that a series
is born with. Format: io.prometheus.client.MetricFamily of Prometheus' client_model, each message after its length.
Messages are written here, field by field: a series' message is kept and put together with others as bytes, which no
binding does without decoding it again.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from errtally.exporter.digest.changes import Exemplar
    from errtally.names import Metric

CONTENT_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

_TYPES = {"counter": 0, "gauge": 1, "histogram": 4}
_VARINT, _DOUBLE, _BYTES = 0, 1, 2
_MORE = 0x80
_NANOSECONDS = 1_000_000_000


def family(metric: Metric, messages: Iterable[bytes]) -> bytes:
    """Return a family of messages of its series, after its length; b"" without series."""
    series = b"".join([_field(4, message) for message in messages])
    if not series:
        return b""
    head = _field(1, metric.name.encode()) + _field(2, metric.help.encode()) + _number(3, _TYPES[metric.kind])
    unit = _field(5, metric.unit.encode()) if metric.unit else b""
    body = head + series + unit
    return _varint(len(body)) + body


def labels(names: Sequence[str], values: Sequence[str]) -> bytes:
    """Return the labels of a series, of an exemplar as well: both have them first."""
    pairs = zip(names, values, strict=True)
    return b"".join([_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in pairs])


def gauge(value: float) -> bytes:
    """Return what follows the labels of a gauge."""
    return _field(2, _double(1, value))


def counter(value: float, exemplar: Exemplar | None, created: float) -> bytes:
    """Return what follows the labels of a counter.

    Args:
        value: of the counter.
        exemplar: an event that it counted, if one is known.
        created: since when it counts, seconds since the epoch; 0 where that is not known.
    """
    shown = _field(2, _exemplar(exemplar)) if exemplar is not None else b""
    return _field(3, _double(1, value) + shown + (_field(3, _timestamp(created)) if created else b""))


def histogram(buckets: Sequence[tuple[float, float, Exemplar | None]], total: float, created: float) -> bytes:
    """Return what follows the labels of a histogram.

    Args:
        buckets: upper bound, count up to it and an exemplar of each, +Inf last.
        total: of all values.
        created: since when it counts, seconds since the epoch; 0 where that is not known.
    """
    rows = b"".join(
        [
            _field(
                3,
                _number(1, int(count))
                + _double(2, bound)
                + (_field(3, _exemplar(exemplar)) if exemplar is not None else b""),
            )
            for bound, count, exemplar in buckets
        ]
    )
    since = _field(15, _timestamp(created)) if created else b""
    return _field(7, _number(1, int(buckets[-1][1])) + _double(2, total) + rows + since)


def _exemplar(exemplar: Exemplar) -> bytes:
    pairs = exemplar.labels
    shown = labels([name for name, _ in pairs], [value for _, value in pairs])
    return shown + _double(2, exemplar.value) + _field(3, _timestamp(exemplar.timestamp))


def _timestamp(seconds: float) -> bytes:
    """A google.protobuf.Timestamp."""
    whole = int(seconds)
    return _number(1, whole) + _number(2, int((seconds - whole) * _NANOSECONDS))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _double(number: int, value: float) -> bytes:
    return _varint(number << 3 | _DOUBLE) + struct.pack("<d", value)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= _MORE:
        found.append(value & (_MORE - 1) | _MORE)
        value >>= 7
    found.append(value)
    return bytes(found)

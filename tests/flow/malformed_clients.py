"""Malformed requests to the protocols of other trackers and of OpenTelemetry."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, NamedTuple

from tests.fuzz.seeds import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOBUF, JSON = "application/x-protobuf", "application/json"
BEARER = {"Authorization": "Bearer k1"}
DEPTH = 5000


class Wrong(NamedTuple):
    """One way to get a request wrong."""

    name: str
    path: str
    body: bytes
    headers: dict[str, str]


# Path, headers with the key, and what every body of the protocol has to have.
CLIENTS = {
    "Faro": ("/collect", {"x-api-key": "k1"}, None),
    "Airbrake": ("/api/v3/projects/1/notices", BEARER, b'{"errors":[]}'),
    "Rollbar": ("/api/1/item/", {"X-Rollbar-Access-Token": "k1"}, b'{"data":{"body":{}}}'),
    "Honeybadger": ("/v1/notices/", {"X-API-Key": "k1"}, b'{"request":{}}'),
    "Bugsnag": ("/notify", {"Bugsnag-Api-Key": "k1"}, b'{"events":[{"severity":"error"}]}'),
    "Bugsnag's sessions": ("/sessions", {"Bugsnag-Api-Key": "k1"}, None),
}


def all_ways() -> Iterator[Wrong]:
    """Every way to get a request of these protocols wrong."""
    for client, (path, headers, hollow) in CLIENTS.items():
        yield from _of_client(client, path, headers, hollow)
    for path in SIGNALS:
        yield from _of_signal(path)


def _of_client(client: str, path: str, headers: dict[str, str], hollow: bytes | None) -> Iterator[Wrong]:
    for what, body in (
        ("nothing", b""),
        ("no JSON", b"hello"),
        ("a number", b"5"),
        ("a list of numbers", b"[1,2]"),
        ("a body that is cut off", b'{"events":[{"a":"'),
        ("a body nested too deeply", b'{"a":' * DEPTH + b"1" + b"}" * DEPTH),
        ("a body of far too many values", b'{"a":[' + b"0," * 1_100_000 + b"0]}"),
        ("a number of 10,000 digits alone", b"9" * 10_000),
    ):
        yield Wrong(f"{client}: {what}", path, body, headers)
    if hollow is not None:
        yield Wrong(f"{client}: nothing that happened", path, hollow, headers)
    yield Wrong(f"{client}: gzip that is cut off", path, gzip.compress(b"{}" * 99)[:-9],
                {**headers, "Content-Encoding": "gzip"})  # fmt: skip
    yield Wrong(f"{client}: no key", path, b"{}", {})
    unknown = {name: value.replace("k1", "nobody") for name, value in headers.items()}
    yield Wrong(f"{client}: a key nobody has", path, b"{}", unknown)


def _of_signal(path: str) -> Iterator[Wrong]:
    signal = path.rpartition("/")[2]
    group = {"logs": "resourceLogs", "traces": "resourceSpans", "metrics": "resourceMetrics"}[signal]
    for what, body in (
        ("bytes that are none", b"\xff" * 20),
        ("a message that is cut off", b"\x0a\x7f\x0a"),
        ("a field of another type", b"\x08\x01\x0f"),
        ("a length beyond all bounds", b"\x0a\xff\xff\xff\xff\x0f"),
        ("groups that do not end", b"\x0b" * 200),
        ("text that is not UTF-8", b"\x0a\x08\x12\x06\x0a\x04\x0a\x02\xff\xfe"),
        ("JSON in place of a message", b'{"a":1}'),
    ):
        yield Wrong(f"OTLP {signal}: {what}", path, body, {**BEARER, "Content-Type": PROTOBUF})
    for what, body in (
        ("nothing in JSON", b""),
        ("no JSON", b"hello"),
        ("a list", b"[]"),
        ("a group that is a number", json.dumps({group: 5}).encode()),
        ("groups that are numbers", json.dumps({group: [1, 2]}).encode()),
        ("JSON that is cut off", b'{"%s":[{' % group.encode()),
        ("JSON nested too deeply", b'{"%s":' % group.encode() + b"[" * DEPTH + b"]" * DEPTH + b"}"),
        ("JSON of far too many values", b'{"%s":[' % group.encode() + b"{}," * 1_100_000 + b"{}]}"),
    ):
        yield Wrong(f"OTLP {signal}: {what}", path, body, {**BEARER, "Content-Type": JSON})
    yield Wrong(f"OTLP {signal}: a media type that is not known", path, b"<a/>", {**BEARER, "Content-Type": "text/xml"})
    yield Wrong(f"OTLP {signal}: no media type", path, b"{}", BEARER)
    yield Wrong(f"OTLP {signal}: no key", path, b"{}", {"Content-Type": JSON})

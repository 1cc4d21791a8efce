"""Malformed requests, generated: a hundred ways to get a request wrong, each with any number of variants."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import TYPE_CHECKING, NamedTuple

import brotli
import zstandard
from tests.flow import malformed_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENVELOPE = "/api/1/envelope/?sentry_key=k1"
STORE = "/api/1/store/?sentry_key=k1"
SECURITY = "/api/1/security/?sentry_key=k1"
CRON = "/api/1/cron/backup/k1/"
BEARER = {"Authorization": "Bearer k1"}
DEPTH = 5000


class Malformed(NamedTuple):
    """One way to get it wrong; ``body`` makes the variant of a number."""

    name: str
    path: str
    body: Callable[[int], bytes]
    headers: dict[str, str]
    method: str = "POST"


def _object(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def _item(header: bytes, payload: bytes) -> bytes:
    return b"{}\n" + header + b"\n" + payload + b"\n"


def _framing() -> Iterator[tuple[str, bytes]]:
    event = b'{"message":"x"}'
    yield "no envelope header", b"not JSON\n" + event
    yield "an envelope header that is a list", b'[]\n{"type":"event"}\n' + event
    yield "an envelope header that is null", b"null\n"
    yield "an empty body", b""
    yield "an envelope header that is not closed", b'{"event_id":\n'
    yield "an envelope header beyond 8 KiB", b'{"a":"%s"}\n' % (b"x" * 9000)
    yield "an item header that is no JSON", _item(b"type: event", event)
    yield "an item header without type", _item(b'{"length":2}', b"{}")
    yield "an item type that is a number", _item(b'{"type":5}', event)
    yield "an item header beyond 8 KiB", _item(b'{"type":"event","x":"%s"}' % (b"x" * 9000), event)
    yield "a length that is too long", _item(b'{"type":"event","length":9999}', event)
    yield "a length that is too short", _item(b'{"type":"event","length":3}', event)
    yield "a negative length", _item(b'{"type":"event","length":-1}', event)
    yield "a length that is a text", _item(b'{"type":"event","length":"15"}', event)
    yield "a length that is a fraction", _item(b'{"type":"event","length":1.5}', event)
    yield "a length beyond all bounds", _item(b'{"type":"event","length":%d}' % 10**30, event)
    yield "more than a thousand items", b"{}\n" + b'{"type":"session"}\n{}\n' * 1001
    yield "an event that is no JSON", _item(b'{"type":"event"}', b"{message}")
    yield "an event that is a list", _item(b'{"type":"event"}', b"[1,2]")
    yield "an event that is cut off", _item(b'{"type":"event"}', b'{"message":"x')
    yield "an event nested too deeply", _item(b'{"type":"event"}', b'{"a":' * DEPTH + b"1" + b"}" * DEPTH)
    yield "an event that is null", _item(b'{"type":"event"}', b"null")
    yield "an event beyond 1 MiB", _item(b'{"type":"event"}', b'{"message":"%s"}' % (b"x" * (1 << 20)))
    yield "an event of a number with 10,000 digits", _item(b'{"type":"event"}', b'{"level":%s}' % (b"9" * 10_000))
    yield "a transaction without times", _item(b'{"type":"transaction"}', b'{"transaction":"/"}')
    yield "a transaction that is null", _item(b'{"type":"transaction"}', b"null")
    yield "a session that is a text", _item(b'{"type":"session"}', b'"ok"')
    yield "sessions that are nested too deeply", _item(b'{"type":"sessions"}', b"[" * DEPTH + b"]" * DEPTH)
    yield "a check-in without a monitor", _item(b'{"type":"check_in"}', b'{"status":"ok"}')
    yield "a check-in with a status that is none", _item(b'{"type":"check_in"}', b'{"monitor_slug":"a","status":"x"}')
    yield "a report that is no JSON", _item(b'{"type":"client_report"}', b"x")
    yield "a container of logs that is a number", _item(b'{"type":"log"}', b"7")
    yield "a span that is no JSON", _item(b'{"type":"span"}', b"{'a':1}")
    yield "a container of 10,001 logs", _item(b'{"type":"log"}', b'{"items":[%s]}' % b",".join([b"{}"] * 10_001))


def _native(kind: str) -> Iterator[tuple[str, bytes]]:
    required = {"events": b'"message":"x"', "requests": b'"transaction":"x","duration_seconds":1'}[kind]
    yield f"empty {kind}", b""
    yield f"blank {kind}", b" \n \n"
    yield f"{kind} that are no JSON", b"hello"
    yield f"{kind} that are cut off", b'{"%s":[{' % kind.encode()
    yield f"{kind} that are a number", b"5"
    yield f"{kind} that are a text", b'"x"'
    yield f"{kind} under their name, but no list", b'{"%s":5}' % kind.encode()
    yield f"{kind} of numbers", b'{"%s":[1,2,3]}' % kind.encode()
    yield f"{kind} nested too deeply", b"[" * DEPTH + b"]" * DEPTH
    yield f"{kind} with a field nested too deeply", b'{%s,"x":%s}' % (required, b"[" * DEPTH + b"]" * DEPTH)
    yield f"{kind} without what is required", b'{"x":1}'
    yield f"{kind} that are not UTF-8", b'{"message":"\xff","transaction":"\xff","duration_seconds":1}'
    yield f"{kind} beyond the number allowed", b'{"%s":[%s]}' % (kind.encode(), b",".join([b"{}"] * 10_001))
    yield f"{kind} as lines, all of them wrong", b"{}\n{}\n{}\n"
    yield f"{kind} of far too many values", b'{%s,"x":[%s]}' % (required, b"0," * 1_100_000 + b"0")
    for name, value in (("timestamp", []), ("environment", 5), ("release", {}), ("transaction", [])):
        wrong = {"message": "x", "duration_seconds": 1, "transaction": "x", name: value}
        if kind == "events" and name in {"environment", "release"}:
            wrong = {"message": "x", "context": {name: value}}
        yield f"{kind} with a wrong {name}", json.dumps(wrong).encode()


def _compressed() -> Iterator[tuple[str, str, bytes]]:
    good = _object(message="x")
    yield "gzip that is none", "gzip", b"hello"
    yield "gzip that is cut off", "gzip", gzip.compress(good)[:-9]
    yield "gzip with a wrong checksum", "gzip", gzip.compress(good)[:-8] + b"\0" * 8
    yield "deflate that is none", "deflate", b"\xff" * 20
    yield "deflate that is cut off", "deflate", zlib.compress(good)[:-6]
    yield "brotli that is none", "br", b"\xff" * 50
    yield "brotli that is cut off", "br", brotli.compress(good)[:-3]
    yield "zstd that is none", "zstd", b"hello"
    yield "zstd that is cut off", "zstd", zstandard.compress(good * 50)[:-5]
    yield "an encoding that is not known", "compress", b"\x1f\x9d"
    yield "two encodings", "gzip, br", b"\x1f\x8b"


def _unauthorized() -> Iterator[tuple[str, str, dict[str, str]]]:
    yield "an envelope without a key", "/api/1/envelope/", {}
    yield "an envelope with a key nobody has", "/api/1/envelope/?sentry_key=nobody", {}
    yield "an envelope with a key that is none", "/api/1/envelope/?sentry_key=%00%ff", {}
    yield "an envelope for another project", "/api/2/envelope/?sentry_key=k1", {}
    yield "an envelope with a broken header", "/api/1/envelope/", {"X-Sentry-Auth": "Sentry sentry_key"}
    yield "an envelope with a basic login that is none", "/api/1/envelope/", {"Authorization": "Basic %%%"}
    yield "a stored event without a key", "/api/1/store/", {}
    yield "a native event without a key", "/api/events", {}
    yield "a native event with a key nobody has", "/api/events", {"Authorization": "Bearer nobody"}
    yield "a native event with a key of other letters", "/api/events", {"Authorization": "Bearer k 1;--"}
    yield "a native event with a key of 10,000 letters", "/api/events", {"X-API-Key": "k" * 10_000}
    yield "a native event for another project", "/api/events?project=2", BEARER
    yield "alerts without a key", "/api/alerts", {}
    yield "a check-in with a key nobody has", "/api/1/cron/a/nobody/?status=ok", {}
    yield "a report without a key", "/api/1/security/", {}
    yield "a tunnel without a DSN", "/tunnel", {}


def kinds() -> list[Malformed]:
    """All ways, in a fixed order."""
    found: list[Malformed] = []

    def add(name: str, path: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> None:
        # A variant differs by blanks behind the body, where that changes nothing, so that nothing is remembered.
        found.append(Malformed(name, path, lambda number: body + b" " * (number % 7), headers or {}, method))

    for name, body in _framing():
        found.append(Malformed(name, ENVELOPE, lambda _, body=body: body, {}))
    for name, body in _native("events"):
        add(name, "/api/events", body, BEARER)
    for name, body in _native("requests"):
        add(name, "/api/requests", body, BEARER)
    for name, encoding, body in _compressed():
        found.append(
            Malformed(name, "/api/events", lambda _, body=body: body, {**BEARER, "Content-Encoding": encoding})
        )
    for name, path, headers in _unauthorized():
        add(name, path, b'{}\n{"type":"event"}\n{}', headers)
    add("a stored event that is neither JSON nor base64", STORE, b"!!!")
    add("a stored event that is base64 of no zlib", STORE, base64.b64encode(b"hello"))
    add("a stored event that is empty", STORE, b"")
    add("alerts that are no JSON", "/api/alerts", b"x", BEARER)
    add("alerts of another version", "/api/alerts", b'{"version":"3","alerts":[]}', BEARER)
    add("alerts without labels", "/api/alerts", b'{"version":"4","alerts":[{"status":"firing"}]}', BEARER)
    add("alerts nested too deeply", "/api/alerts", b'{"version":"4","alerts":%s}' % (b"[" * DEPTH), BEARER)
    add("a report that is nothing", SECURITY, b"{}")
    add("a report nested too deeply", SECURITY, b'{"csp-report":' * DEPTH)
    add("a report beyond 64 KiB", SECURITY, b'{"csp-report":{"a":"%s"}}' % (b"x" * 70_000))
    add("a check-in without a status", CRON, b"")
    add("a check-in with a body that is no JSON", CRON, b"status=ok")
    for wrong in malformed_clients.all_ways():
        add(wrong.name, wrong.path, wrong.body, wrong.headers)
    add("an envelope by PUT", ENVELOPE, b"{}", method="PUT")
    add("an event by DELETE", "/api/events", b"", BEARER, "DELETE")
    add("an event by PATCH", "/api/events", b"", BEARER, "PATCH")
    return found

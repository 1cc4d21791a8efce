"""Whatever is sent to any route, a decoder gives a submission that can be grouped, shown and journalled, or refuses."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.exporter import every_field
from tests.exporter.protocols.sending import captured, deliver

from errtally import names
from errtally.errors import RejectedError
from errtally.exporter.grouping import fingerprint
from errtally.exporter.ingest import body
from errtally.exporter.protocols.otlp import answers
from errtally.exporter.protocols.registry import ENDPOINTS

JSON_CAPTURES = (
    ("pybrake", 1),
    ("rollbar-python", 1),
    ("rollbar-python", 2),
    ("honeybadger-python", 1),
    ("bugsnag-python", 1),
    ("faro-browser", 3),
    ("faro-browser", 4),
    ("otel-node-json", 1),
    ("otel-node-json", 2),
)
_POSTED = [endpoint for endpoint in ENDPOINTS if "POST" in endpoint.methods]
PATHS = sorted(set({endpoint.decode: every_field.sample(endpoint.pattern.pattern) for endpoint in _POSTED}.values()))
"""A path for everything that decodes, whatever protocol it is of."""

ITEMS = ("event", "transaction", "span", "session", "sessions", "check_in", "client_report", "log")

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\ud83d", 10**30, -(10**400), "1e999", "\x00", "http://[", "a" * 300])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


def _check(path: str, sent: bytes, headers: dict[str, str]) -> None:
    try:
        submission = deliver(path, sent, headers)
    except RejectedError:
        return
    for part in (submission, *submission.others):
        for item in part.events:
            assert len(item.event.event_id) == 32
            assert item.event.level in names.LEVELS
            assert len(fingerprint(item.event).fingerprint) == 16
            msgspec.json.encode(item.details())
        for timing in part.requests:
            assert 0 <= timing.duration_seconds < float("inf")
            assert timing.status_class in names.STATUS_CLASSES
        msgspec.msgpack.encode([(count.level, count.quantity) for count in part.logs])
        msgspec.msgpack.encode([(count.status, count.quantity) for count in part.sessions])
    assert all(quantity > 0 for quantity in (*submission.items.values(), *submission.rejected.values()))
    # A span of an envelope is refused by being counted: Sentry's answer has no place for it.
    assert not set(submission.rejected) - {"bad_span"} or submission.failures or path.startswith("/collect")


def _places(tree: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place, *(found for key, value in inner for found in _places(value, (*place, key)))]


def _replaced(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[place[0]] = _replaced(tree[place[0]], place[1:], value)
    return copy


@pytest.mark.parametrize(("folder", "number"), JSON_CAPTURES)
@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_anything_may_stand_anywhere_in_a_real_request(data, folder, number):
    path, sent, headers = captured(folder, number)
    tree = json.loads(sent)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(_places(tree)))
        tree = _replaced(tree, place, data.draw(JSON))
    _check(path, json.dumps(tree).encode(), headers)


@pytest.mark.parametrize("path", PATHS)
@given(sent=JSON)
@settings(max_examples=60, deadline=None)
def test_any_json_is_decoded_or_refused(path, sent):
    _check(path, json.dumps(sent).encode(), {})


ITEM_FIELDS = st.sampled_from(
    ["items", "aggregates", "discarded_events", "attrs", "attributes", "contexts", "trace", "timestamp", "status",
     "sid", "start_timestamp", "end_timestamp", "is_segment", "monitor_slug", "quantity", "exception", "values",
     "init"]
)  # fmt: skip
ITEM = st.recursive(
    LEAVES | st.sampled_from([1.0, 2.0, True, "ok", "exited", "http.server", "2026-11-24T10:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ITEM_FIELDS, inner, max_size=6),
    max_leaves=12,
)


@pytest.mark.parametrize("kind", ITEMS)
@given(sent=ITEM)
@settings(max_examples=100, deadline=None)
def test_any_json_is_an_item_of_an_envelope_or_refused(kind, sent):
    body = json.dumps({"type": kind}).encode() + b"\n" + json.dumps(sent).encode() + b"\n"
    _check("/api/7/envelope/", b"{}\n" + body, {})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("media_type", [answers.PROTOBUF, answers.JSON])
@given(sent=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_decoded_or_refused(path, media_type, sent):
    _check(path, sent, {"Content-Type": media_type})


@pytest.mark.parametrize(
    ("folder", "number"), [("otel-python-gzip", 1), ("otel-python-gzip", 2), ("otel-python-nested", 1)]
)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_damaged_protobuf_is_decoded_or_refused(data, folder, number):
    path, sent, headers = captured(folder, number)
    plain = bytearray(body.decompress(sent, headers.pop("Content-Encoding", ""), 1 << 20))
    for _ in range(data.draw(st.integers(1, 4))):
        plain[data.draw(st.integers(0, len(plain) - 1))] = data.draw(st.integers(0, 255))
    _check(path, bytes(plain[: data.draw(st.integers(0, len(plain)))]), headers)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("depth", [100, 940, 990, 1500, 100_000])
def test_deeply_nested_json_is_decoded_or_refused(path, depth):
    for opening, closing in (("[", "]"), ('{"data":', "}"), ('{"a":', "}")):
        _check(path, (opening * depth + "1" + closing * depth).encode(), {})

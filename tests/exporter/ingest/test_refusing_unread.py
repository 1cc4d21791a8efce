"""A client over its limit is refused before its request is decompressed and decoded, where its key is known before."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.door import Door, project
from tests.exporter.protocols.examples import ENVELOPE, EXAMPLES

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

ONE = {category: {"per_second": 0.01, "burst": 1} for category in names.CATEGORIES}
GARBAGE = b"\x1f\x8bneither gzip nor anything that could be decoded"
"""Whoever looked at it would answer 400."""

UNREAD = [name for name, example in EXAMPLES.items() if example.has_key_before_body]
"""Requests whose sender is known before the body is read."""

BODIES = [name for name in UNREAD if EXAMPLES[name].body]


def _door(limits: dict[str, Any]) -> Door:
    return Door({"projects": [project("shop", "k1", rate_limits=limits)]})


def _send(door: Door, name: str, body: bytes | None = None, encoding: str = "") -> int:
    """Send an example with its key, or another body in its place."""
    example = EXAMPLES[name]
    sent = example.with_key(example.keys[0], "k1")
    headers = {header.lower().replace("-", "_"): value for header, value in sent.headers.items()}
    if encoding:
        headers["content_encoding"] = encoding
    body = sent.body if body is None else body
    return door.send(f"{sent.path}?{sent.query}", body, method=example.method, **headers).status


@pytest.mark.parametrize("name", UNREAD)
def test_a_request_over_the_limit_is_not_read(name: str) -> None:
    door = _door(ONE)
    assert 200 <= _send(door, name) < 300
    assert _send(door, name, GARBAGE, "gzip") == 429
    assert _send(door, name) == 429
    assert len(door.journal.batches) == 1
    category = EXAMPLES[name].endpoint.categories[0]
    assert door.count(names.INGEST_DROPPED, "shop", category, "rate_limited") == 2


@pytest.mark.parametrize("name", BODIES)
def test_a_request_within_the_limit_is_read(name: str) -> None:
    door = _door({category: {"per_second": 100, "burst": 100} for category in names.CATEGORIES})
    assert _send(door, name, GARBAGE, "gzip") == 400


@pytest.mark.parametrize("name", ["OTLP logs", "OTLP traces", "Faro"])
def test_what_may_hold_something_that_is_let_in_is_read(name: str) -> None:
    door = _door({"error": {"per_second": 0.01, "burst": 1}})
    assert 200 <= _send(door, name) < 300
    assert _send(door, name, GARBAGE, "gzip") == 400
    assert _send(door, name) == 429, "its client sends again what was refused"
    kept = [(len(batch.events), len(batch.requests) + len(batch.logs)) for batch in door.journal.batches]
    assert len(kept) == 1
    assert kept[0][0] == 1
    assert kept[0][1] > 0


def test_an_envelope_of_which_all_is_over_its_limit_is_not_read() -> None:
    door = _door(ONE)
    key = "Sentry sentry_key=k1"
    assert door.send("/api/shop/envelope/", ENVELOPE, x_sentry_auth=key).status == 200
    answer = door.send("/api/shop/envelope/", GARBAGE, x_sentry_auth=key, content_encoding="gzip")
    assert answer.status == 429
    muted = [limit.split(":")[1] for limit in answer.headers["x-sentry-rate-limits"].split(", ")]
    assert muted == ["error;security", "transaction;span", "session", "monitor", "log_item", "default"]


def test_items_of_a_category_that_is_over_its_limit_are_not_decoded() -> None:
    door = _door({"error": {"per_second": 0.01, "burst": 1}, "log_item": {"per_second": 0.01, "burst": 1}})
    key = "Sentry sentry_key=k1"
    first = b'{}\n{"type":"event"}\n{"message":"x"}\n{"type":"log"}\n{"items":[{"level":"info"}]}\n'
    second = (
        b'{}\n{"type":"event"}\nno JSON at all\n{"type":"log","item_count":7}\nnor this\n'
        b'{"type":"transaction"}\n{"transaction":"/","start_timestamp":1,"timestamp":2}\n'
    )
    assert door.send("/api/shop/envelope/", first, x_sentry_auth=key).status == 200
    answer = door.send("/api/shop/envelope/", gzip.compress(second), x_sentry_auth=key, content_encoding="gzip")
    assert answer.status == 429
    assert (
        answer.headers["x-sentry-rate-limits"] == "100:error;security:key:rate_limited, 100:log_item:key:rate_limited"
    )
    assert len(door.journal.batches[1].requests) == 1, "what is within its limit is taken"
    assert door.count(names.INGEST_DROPPED, "shop", "error", "rate_limited") == 1
    assert door.count(names.INGEST_DROPPED, "shop", "log_item", "rate_limited") == 7
    assert door.count(names.INGEST_ITEMS, "sentry", "transaction") == 1
    assert door.count(names.INGEST_ITEMS, "sentry", "event") == 1


def test_a_used_up_quota_refuses_unread_as_well(tmp_path: Path) -> None:
    door = Door({"projects": [project("shop", "k1")], "daily_quotas": {"error": 1}}, tmp_path)
    assert _send(door, "Airbrake") == 201
    assert _send(door, "Airbrake", GARBAGE, "gzip") == 429
    assert door.count(names.INGEST_DROPPED, "shop", "error", "quota") == 1


def test_asking_takes_nothing_from_the_limit() -> None:
    door = _door({"error": {"per_second": 0.01, "burst": 3}})
    statuses = [_send(door, "Airbrake") for _ in range(5)]
    assert statuses == [201, 201, 201, 429, 429]

"""Large bodies wait for a place; refused ones are read to their end; JSON of too many values is not decoded."""

from __future__ import annotations

import gzip
import io
import json

import pytest
from tests.exporter.door import Door

from errtally import names
from errtally.errors import TooLargeError
from errtally.exporter.ingest import body, request

LARGE = b'{"message":"x","context":{"extra":{"a":["%s"]}}}' % b'","'.join([b"y" * 500] * 2200)
BATCH = b'{"events":[%s,{"message":"small"}]}' % LARGE


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch):
    """All places are taken, and nobody waits long."""
    monkeypatch.setattr(request, "LARGE_WAIT_SECONDS", 0.01)
    for _ in range(request.MAX_LARGE_BODIES):
        assert request._large_bodies.acquire(blocking=False)
    yield
    for _ in range(request.MAX_LARGE_BODIES):
        request._large_bodies.release()


def _free_places() -> int:
    count = 0
    while request._large_bodies.acquire(blocking=False):
        count += 1
    for _ in range(count):
        request._large_bodies.release()
    return count


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        pytest.param(BATCH, {}, id="as it is"),
        pytest.param(gzip.compress(BATCH), {"content_encoding": "gzip"}, id="that came small and compressed"),
    ],
)
def test_a_large_body_gives_its_place_back(sent: bytes, headers: dict[str, str]) -> None:
    door = Door()
    assert door.send("/api/events", sent, **headers).status == 200
    assert _free_places() == request.MAX_LARGE_BODIES


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"{" * 2_000_000, id="that is no JSON"),
        pytest.param(b"\xff" * 2_000_000, id="that is no text"),
        pytest.param(b"x" * (21 << 20), id="that is too large"),
    ],
)
def test_a_large_body_that_is_refused_gives_its_place_back_too(sent: bytes) -> None:
    assert Door().send("/api/events", sent).status in {400, 413}
    assert _free_places() == request.MAX_LARGE_BODIES


@pytest.mark.usefixtures("taken")
def test_without_a_place_a_large_body_is_told_to_come_back_and_a_small_one_is_taken() -> None:
    door = Door()
    answer = door.send("/api/events", BATCH)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "10"
    assert door.count(names.INGEST_REJECTED, "native", "large_bodies") == 1
    assert door.send("/api/events", gzip.compress(BATCH), content_encoding="gzip").status == 429
    assert door.send("/api/events", b'{"message":"small"}').status == 200


def test_of_a_batch_only_the_event_that_is_too_large_is_left_out() -> None:
    door = Door()
    answer = door.send("/api/events", BATCH)
    assert json.loads(answer.body)["accepted"] == 1
    assert [entry["index"] for entry in json.loads(answer.body)["rejected"]] == [0]
    assert len(door.events) == 1


def test_a_refused_body_is_read_to_its_end_but_not_for_ever() -> None:
    stream = io.BytesIO(b"x" * 5_000_000)
    body.drain(stream)
    assert stream.tell() == 5_000_000

    class Endless:
        total = 0

        def read(self, size: int = -1, /) -> bytes:
            self.total += size
            return b"x" * size

    endless = Endless()
    body.drain(endless)
    assert body.MAX_DRAIN_BYTES <= endless.total < 2 * body.MAX_DRAIN_BYTES


def test_the_door_reads_what_a_refusal_left() -> None:
    door = Door()
    assert door.send("/api/1/minidump/", b"x" * 100_000).status == 501
    assert door.last_input.read() == b""


@pytest.mark.parametrize(
    ("document", "is_refused"),
    [
        pytest.param(b"[%s]" % (b"0," * 1000), False, id="a short one may hold what it wants"),
        pytest.param(b"[%s]" % (b"0," * 99_000), False, id="a long one below the limit"),
        pytest.param(b"[%s]" % (b"0," * 101_000), True, id="too many numbers"),
        pytest.param(b"[" * 101_000, True, id="too many lists"),
        pytest.param(b'{"a":' * 101_000, True, id="too many objects"),
        pytest.param(b'"%s"' % (b"x" * 1_000_000), False, id="one long text"),
    ],
)
def test_values_are_counted_before_they_are_decoded(document: bytes, *, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(TooLargeError) as caught:
            body.check_json(document, 100_000)
        assert caught.value.reason == "too_many_values"
    else:
        body.check_json(document, 100_000)


def test_an_event_whose_details_are_nested_too_deeply_counts_and_its_page_says_so() -> None:
    door = Door()
    deep = b'{"a":' * 500 + b"1" + b"}" * 500
    assert door.send("/api/1/store/?sentry_key=k", b'{"message":"deep","extra":%s}' % deep).status == 200
    (event,) = door.events
    assert b"[REDACTED]" in event.sample or b"can't be read" in event.sample


@pytest.mark.parametrize(
    ("path", "body_", "reason"),
    [
        ("/api/events", b'{"message":"x","y":%s}' % (b"[" * 50_000), "bad_json"),
        ("/api/events", b'{"message":"\xff"}', "bad_event"),
        ("/api/alerts", b'{"version":"4","alerts":[],"x":%s}' % (b"[" * 50_000), "bad_notification"),
        ("/api/1/store/?sentry_key=k", b'{"message":%s}' % (b"[" * 50_000), "bad_json"),
    ],
)
def test_what_no_decoder_can_read_is_a_400(path: str, body_: bytes, reason: str) -> None:
    door = Door()
    assert door.send(path, body_).status == 400
    protocol = "sentry" if "sentry" in path else "alertmanager" if "alerts" in path else "native"
    assert door.count(names.INGEST_REJECTED, protocol, reason) == 1


def test_half_of_a_surrogate_pair_becomes_a_question_mark() -> None:
    door = Door()
    body_ = b'{"message":"broken \\ud83d pair","extra":{"a":"\\udc00"}}'
    assert door.send("/api/1/store/?sentry_key=k", body_).status == 200
    assert json.loads(door.events[0].sample)["message"] == "broken ? pair"

"""The framing of envelopes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.inprocess import RecordingAppender, call, deliver, door, environ
from tests.exporter.inprocess import envelope as build

from errtally import names
from errtally.errors import MalformedError, RejectedError, TooLargeError
from errtally.exporter.config import Limits
from errtally.exporter.ingest.tally import Tally
from errtally.exporter.protocols.sentry import answers, envelope

VECTORS = Path(__file__).parents[3] / "data" / "vectors"
EVENT_ID = "9ec79c33ec9942ab8353589fcb2e04dc"

WITH_EVENT = {
    "ok_attachment_with_newlines_then_event",
    "ok_dsn_in_header",
    "ok_implicit_length",
    "ok_implicit_length_no_final_newline",
    "ok_unknown_item_type_skipped",
}


@pytest.mark.parametrize("path", sorted(VECTORS.glob("ok_*.env")), ids=lambda path: path.stem)
def test_a_good_envelope_is_taken(path):
    appender = RecordingAppender()
    answer = call(door(appender), environ("/api/42/envelope/", path.read_bytes()))
    assert answer.status == 200
    has_id = path.read_bytes().startswith(b'{"event_id"')
    assert answer.json() == ({"id": EVENT_ID} if has_id else {})
    assert appender.events == (1 if path.stem in WITH_EVENT else 0)


@pytest.mark.parametrize("path", sorted(VECTORS.glob("bad_*.env")), ids=lambda path: path.stem)
def test_a_bad_envelope_is_400_and_names_the_item(path):
    appender = RecordingAppender()
    answer = call(door(appender), environ("/api/42/envelope/", path.read_bytes()))
    assert answer.status == 400
    assert "item 0" in answer.json()["detail"]
    assert answer.headers["X-Sentry-Error"] == answer.json()["detail"]
    assert appender.payloads == []


@pytest.mark.parametrize("path", sorted(VECTORS.glob("deflate_*.env")), ids=lambda path: path.stem)
def test_both_forms_of_deflate_are_taken(path):
    appender = RecordingAppender()
    made = environ("/api/42/envelope/", path.read_bytes(), {"Content-Encoding": "deflate"})
    assert call(door(appender), made).status == 200
    assert appender.events == 1


def test_all_vectors_are_here():
    assert {kind: len(list(VECTORS.glob(f"{kind}_*"))) for kind in ("ok", "bad", "event", "deflate")} == {
        "ok": 10,
        "bad": 4,
        "event": 14,
        "deflate": 2,
    }


def split(body):
    _, offset = envelope.header(body)
    return [(item.type, payload) for item, payload in envelope.items(body, offset)]


kinds = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable())


@given(st.lists(st.tuples(kinds, st.binary(max_size=200)), max_size=8), st.booleans())
def test_what_was_built_is_split_into_the_same_items(items, has_final_newline):
    body = build(*items)
    assert split(body if has_final_newline or not items else body[:-1]) == items


@given(st.lists(st.tuples(kinds, st.binary(max_size=50).filter(lambda payload: b"\n" not in payload)), max_size=8))
def test_items_without_lengths_end_with_their_lines(items):
    body = b"{}\n" + b"".join(json.dumps({"type": kind}).encode() + b"\n" + payload + b"\n" for kind, payload in items)
    assert split(body) == items


@given(st.binary(max_size=300))
def test_any_bytes_are_split_or_refused(body):
    with suppress(RejectedError):
        split(body)


@given(
    st.lists(st.sampled_from([b"{}", b'{"type":"event"}', b'{"type":"x","length":3}', b"\n", b"abc", b"\r\n", b"["]))
)
def test_any_order_of_pieces_is_split_or_refused(pieces):
    with suppress(RejectedError):
        split(b"{}\n" + b"".join(pieces))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "bad_envelope_header", id="an empty body has no header"),
        pytest.param(b"\n{}", "bad_envelope_header", id="an empty first line is no header"),
        pytest.param(b"[]\n", "bad_envelope_header", id="a list is no header"),
        pytest.param(b'{"dsn": "\xff"}\n', "bad_envelope_header", id="a header must be UTF-8"),
        pytest.param(b'{"x":' + b"[" * 4000, "bad_envelope_header", id="a header must not be nested without end"),
        pytest.param(b'{}\n{"length": 1}\nx', "bad_item_header", id="an item needs a type"),
        pytest.param(b'{}\n{"type": 5}\nx', "bad_item_header", id="a type is text"),
        pytest.param(b'{}\n{"type": "\xff"}\nx', "bad_item_header", id="an item's header must be UTF-8"),
        pytest.param(b'{}\n{"type":"x","y":' + b"[" * 4000, "bad_item_header", id="nor nested without end"),
        pytest.param(b'{}\n{"type": "x", "length": "3"}\nabc', "bad_item_header", id="a length is a number"),
        pytest.param(b'{}\n{"type": "x", "length": 1.5}\nabc', "bad_item_header", id="a length is a whole number"),
        pytest.param(b'{}\n{"type": "x", "length": 3}\nabcd', "bad_item_length", id="a line ends behind a payload"),
        pytest.param(b'{}\n{"type": "x", "length": 3}\nab', "bad_item_length", id="a payload is as long as it says"),
    ],
)
def test_broken_framing_is_malformed(body, reason):
    with pytest.raises(MalformedError) as caught:
        split(body)
    assert caught.value.reason == reason


def padded(size):
    return b'{"x":"' + b"a" * (size - 8) + b'"}'


def test_header_lines_may_have_8_kib_and_no_more():
    item = b'{"type":"t","x":"' + b"a" * (8192 - 19) + b'"}'
    assert len(item) == len(padded(8192)) == 8192
    assert split(padded(8192) + b"\n" + item + b"\npayload") == [("t", b"payload")]
    for body in (padded(8193) + b"\n" + item + b"\npayload", b"{}\n" + item[:-1] + b" }\n"):
        with pytest.raises(TooLargeError) as caught:
            split(body)
        assert caught.value.reason == "header_too_large"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"event_id":"' + b"1" * 32 + b'","message":"no stock"}', id="a message"),
        pytest.param(b'{"exception":{"values":[{"type":"E"}]},"level":"error"}\n', id="an exception and a newline"),
        pytest.param(b'{"platform":"ruby","tags":{"a":"b"}}', id="of which only the platform tells"),
        pytest.param(padded(8193), id="one that is larger than a header may be"),
    ],
)
def test_an_event_alone_is_no_envelope_and_the_answer_says_where_it_goes(body):
    appender = RecordingAppender()
    answer = call(door(appender), environ("/api/42/envelope/", body))
    assert answer.status == 400
    assert "/store/" in answer.json()["detail"]
    assert appender.payloads == []


@pytest.mark.parametrize("body", [b"{}", b'{"event_id":"' + b"1" * 32 + b'","dsn":"http://k@h/1"}\n'])
def test_an_envelope_may_be_empty(body):
    assert call(door(RecordingAppender()), environ("/api/42/envelope/", body)).status == 200


GOOD_EVENT, GOOD_SESSION = ("event", {"message": "no stock"}), ("session", {"init": True, "sid": "a"})


@pytest.mark.parametrize(
    ("body", "events", "sessions", "reasons"),
    [
        pytest.param(build(GOOD_EVENT, ("session", b"{")), 1, 0, {"bad_json": 1}, id="a session that is not JSON"),
        pytest.param(build(("event", b"["), GOOD_SESSION), 0, 1, {"bad_json": 1}, id="an event that is not JSON"),
        pytest.param(build(GOOD_EVENT, GOOD_EVENT), 1, 0, {"two_events": 1}, id="a second event"),
        pytest.param(
            build(("transaction", {}), ("check_in", {"status": "odd"}), GOOD_EVENT, GOOD_SESSION),
            1, 1, {"bad_transaction": 1, "bad_check_in": 1}, id="two broken items in front of good ones",
        ),
        pytest.param(
            build(("log", {"items": [{}] * 10_001}), GOOD_EVENT), 1, 0, {"too_many_items": 1}, id="too many logs",
        ),
        pytest.param(
            build(GOOD_EVENT) + b'{"type":"session","length":900}\n{}', 1, 0, {"bad_item_length": 1},
            id="an item that was cut off",
        ),
        pytest.param(build(GOOD_EVENT) + b"odd\n{}\n", 1, 0, {"bad_item_header": 1}, id="a header that is none"),
    ],
)  # fmt: skip
def test_a_broken_item_costs_itself_and_not_what_is_good_beside_it(body, events, sessions, reasons):
    appender, tally = RecordingAppender(), Tally()
    answer = call(door(appender, tally=tally), environ("/api/42/envelope/", body))
    (batch,) = appender.batches()
    assert (answer.status, len(batch.events), len(batch.sessions)) == (200, events, sessions)
    counted = {labels: amount for name, labels, amount in tally.take().counters if name == names.INGEST_REJECTED.name}
    assert counted == {("sentry", reason): amount for reason, amount in reasons.items()}


def test_an_envelope_of_nothing_but_broken_items_is_refused_with_the_first():
    answer = call(door(RecordingAppender()), environ("/api/42/envelope/", build(("session", b"{"), ("event", b"["))))
    assert (answer.status, answer.json()["detail"][:7]) == (400, "item 0:")


def test_a_thousand_items_are_taken_and_no_more():
    assert len(split(b"{}\n" + b'{"type":"x"}\n\n' * 1000)) == 1000
    with pytest.raises(TooLargeError) as caught:
        split(b"{}\n" + b'{"type":"x"}\n\n' * 1001)
    assert caught.value.reason == "too_many_items"


def test_items_larger_than_the_limit_are_refused_unless_they_are_not_used():
    limits = Limits(item_bytes=1024)
    fits, large = b'"' + b"x" * 1022 + b'"', b"x" * 1025
    assert deliver("/api/1/envelope", build(("attachment", large)), limits=limits).items == {"attachment": 1}
    assert deliver("/api/1/envelope", build(("zz", fits)), limits=limits).items == {"unknown": 1}
    with pytest.raises(TooLargeError, match="item 1: event of 1025 bytes") as caught:
        deliver("/api/1/envelope", build(("zz", fits), ("event", large)), limits=limits)
    assert caught.value.reason == "item_too_large"


def test_what_a_client_wrote_can_not_begin_another_header():
    answer = answers.refuse(MalformedError("bad", "item 0: x\r\nSet-Cookie: a=b\u2028é"))
    assert dict(answer.headers)["X-Sentry-Error"] == "item 0: x??Set-Cookie: a=b??"

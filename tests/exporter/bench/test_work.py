"""The benchmark's work: fixed, valid, and each event with an id of its own."""

from __future__ import annotations

import gzip
import itertools
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.bench.patched_gzip import SERIALS, prepare
from errtally.exporter.bench.work import BATCH_EVENTS, accepted_events, envelopes, events, requests

PREFIX = "ab" * 12


def _body(request):
    return request.partition(b"\r\n\r\n")[2]


def test_there_are_200_envelopes_and_1000_events():
    assert (len(envelopes()), len(events())) == (200, 1000)


@given(st.integers(0, SERIALS - 1))
def test_a_patched_body_is_gzip_of_the_body_with_that_id(serial):
    raw = b'{"event_id":"' + b"1" * 32 + b'"}\nsome more text, some more text {"event_id":"' + b"1" * 32 + b'"} end'
    expected = raw.replace(b"1" * 32, f"{PREFIX}{serial:08x}".encode())
    body = prepare(raw, b"1" * 32, PREFIX).patched(serial)
    assert expected == gzip.decompress(body)
    assert expected == zlib.decompressobj(31).decompress(body)


@pytest.mark.parametrize(("raw", "prefix"), [(b"no id", PREFIX), (b"1" * 32, "ab")], ids=["no id", "a short prefix"])
def test_a_body_without_its_id_is_refused(raw, prefix):
    with pytest.raises(ValueError, match="no id"):
        prepare(raw, b"1" * 32, prefix)


def test_each_envelope_has_an_id_of_its_own_in_header_and_event():
    ids = set()
    for request in itertools.islice(requests("sentry-envelope", "h:1", PREFIX), 450):
        header, _, event = gzip.decompress(_body(request)).split(b"\n")[:3]
        assert json.loads(header)["event_id"] == json.loads(event)["event_id"]
        ids.add(json.loads(header)["event_id"])
    assert len(ids) == 450


def test_envelopes_are_about_as_large_as_clients_send_them():
    sizes = [len(_body(request)) for request in itertools.islice(requests("sentry-envelope", "h:1", PREFIX), 200)]
    assert 2000 < sum(sizes) / len(sizes) < 3000


@pytest.mark.parametrize(("kind", "size"), [("native-single", 1), ("native-batch", BATCH_EVENTS)])
def test_native_requests_hold_their_events(kind, size):
    head, _, body = next(requests(kind, "h:1", PREFIX)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    found = json.loads(body)
    assert size == len(found.get("events", [found]))


def test_a_native_answer_says_how_many_were_taken():
    assert accepted_events(b'{"accepted":97,"rejected":[]}', "native-batch") == 97
    assert accepted_events(b"{}", "sentry-envelope") == 1

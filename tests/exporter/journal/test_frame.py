"""Frames: whole, torn and damaged ones."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.journal import frame

frames = st.lists(
    st.tuples(st.binary(max_size=100), st.integers(0, 2**32 - 1), st.floats(0, 1e10)), min_size=1, max_size=5
)


def split(buffer):
    offset, found = 0, []
    while (item := frame.decode(buffer, offset)) is not None:
        found.append((item.payload, item.events, item.received))
        offset = item.end
    return found, offset


@given(frames)
def test_what_was_encoded_is_decoded(sent):
    buffer = b"".join(frame.encode(*item) for item in sent)
    assert split(buffer) == (sent, len(buffer))


@given(frames, st.data())
def test_of_a_torn_buffer_the_whole_frames_are_decoded(sent, data):
    buffer = b"".join(frame.encode(*item) for item in sent)
    cut = data.draw(st.integers(0, len(buffer) - 1))
    found, offset = split(buffer[:cut])
    assert found == sent[: len(found)]
    assert offset <= cut
    assert len(found) < len(sent)


@given(st.binary(min_size=1, max_size=50), st.integers(0, 9), st.data())
def test_a_changed_byte_is_damage_or_a_frame_that_is_not_whole(payload, events, data):
    whole = frame.encode(payload, events, 1.5)
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    with suppress(frame.DamagedFrameError):
        assert frame.decode(changed, 0) is None


def test_a_length_that_can_not_be_is_damage():
    header = frame.HEADER.pack(frame.MAX_PAYLOAD_BYTES + 1, 0, 0, 0.0)
    with pytest.raises(frame.DamagedFrameError, match="a payload of"):
        frame.decode(header, 0)
    assert frame.decode(frame.HEADER.pack(frame.MAX_PAYLOAD_BYTES, 0, 0, 0.0), 0) is None


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([], (0, None), id="nothing"),
        pytest.param(
            [frame.encode(b"aaa", 3, 10.0), frame.encode(b"bbbb", 4, 5.0)], (7, 10.0), id="the first says when"
        ),
        pytest.param(
            [frame.encode(b"a", 0, 1.0), frame.encode(b"bb", 2, 5.0)], (2, 5.0), id="what holds no event does not"
        ),
        pytest.param(
            [frame.encode(b"aaa", 3, 10.0), frame.encode(b"bbbb", 4, 5.0)[:-1]], (3, 10.0), id="a torn one does not"
        ),
        pytest.param([frame.encode(b"aaa", 3, 10.0), b"\x01\x02"], (3, 10.0), id="a torn header does not"),
    ],
)
def test_what_waits_is_counted_by_headers(parts, expected):
    data = b"".join(parts)
    events, end = frame.pending(data, 0, len(data))
    assert (events, frame.first_received(data, 0, end)) == expected

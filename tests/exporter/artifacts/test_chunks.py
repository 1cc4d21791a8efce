"""Pieces of uploads wait under their sums until the rest is there, and not for ever."""

from __future__ import annotations

import time
from hashlib import sha1

import pytest

from errtally.errors import MalformedError, StoreError, TooLargeError
from errtally.exporter.artifacts.chunks import KEPT_SECONDS, SPARED_SECONDS, Chunks


def sum_of(content: bytes) -> str:
    return sha1(content).hexdigest()


@pytest.fixture
def chunks(tmp_path):
    return Chunks(tmp_path / "chunks", 10_000)


def keep(chunks: Chunks, *contents: bytes) -> list[str]:
    for content in contents:
        chunks.keep(sum_of(content), content)
    return [*map(sum_of, contents)]


def test_pieces_are_joined_in_their_order_and_again(chunks) -> None:
    order = [*keep(chunks, b"one ", b"two "), sum_of(b"one ")]
    for _ in range(2):
        whole = chunks.join(order, sum_of(b"one two one "), 100)
        assert whole.read_bytes() == b"one two one "
        whole.unlink()
    assert chunks.missing([*order, sum_of(b"three")]) == [sum_of(b"three")]


def test_what_can_t_be_joined_leaves_no_file(chunks, tmp_path) -> None:
    order = keep(chunks, b"x" * 100)
    with pytest.raises(MalformedError, match="checksum mismatch"):
        chunks.join(order, "0" * 40, 1000)
    with pytest.raises(TooLargeError):
        chunks.join(order, sum_of(b"x" * 100), 99)
    with pytest.raises(StoreError):
        chunks.join([*order, sum_of(b"gone")], sum_of(b"x" * 100), 1000)
    assert [path.name for path in (tmp_path / "chunks").iterdir()] == order


def test_what_waits_has_a_bound(chunks) -> None:
    keep(chunks, b"x" * 6_000)
    with pytest.raises(TooLargeError, match="no room"):
        keep(chunks, b"y" * 6_000)
    keep(chunks, b"x" * 6_000)  # it is there


def test_what_waits_for_a_day_goes(chunks) -> None:
    order = keep(chunks, b"x")
    chunks.sweep(time.time() + KEPT_SECONDS / 2)
    assert chunks.missing(order) == []
    chunks.sweep(time.time() + KEPT_SECONDS + 60)
    assert chunks.missing(order) == order


def test_what_is_done_with_goes_soon_and_not_at_once(chunks) -> None:
    order = keep(chunks, b"x")
    chunks.release([*order, sum_of(b"gone")])
    chunks.sweep(time.time())
    assert chunks.missing(order) == []
    keep(chunks, b"x")  # another upload has it as well
    chunks.sweep(time.time() + SPARED_SECONDS + 60)
    assert chunks.missing(order) == []
    chunks.release(order)
    chunks.sweep(time.time() + SPARED_SECONDS + 60)
    assert chunks.missing(order) == order


def test_pieces_that_others_take_away_meanwhile_do_no_harm(chunks, tmp_path) -> None:
    keep(chunks, b"x")
    (tmp_path / "chunks" / sum_of(b"gone")).symlink_to(tmp_path / "nowhere")  # listed, and not there any more
    keep(chunks, b"y")
    chunks.sweep(time.time() + KEPT_SECONDS + 60)
    assert chunks.missing([sum_of(b"y")]) == [sum_of(b"y")]

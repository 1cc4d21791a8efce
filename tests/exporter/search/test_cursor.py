"""Cursors of the issues list."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errtally.exporter.search.cursor import MAX_SHOWN, Cursor, CursorError, decode


@given(st.integers(0, 2**40), st.sets(st.integers(1, 2**40), max_size=200))
def test_a_cursor_is_read_as_it_was_written(newest: int, shown: set[int]) -> None:
    text = Cursor(newest).after(shown).encode()
    assert decode(text) == Cursor(newest, frozenset(shown))
    assert text.replace("-", "").replace("_", "").isalnum()


def test_a_cursor_fits_into_an_address() -> None:
    assert len(Cursor(10_000, frozenset(range(7, 10_000, 200))).encode()) < 100
    sparse = frozenset(number * number % 99_991 + 1 for number in range(MAX_SHOWN))
    assert len(Cursor(100_000, sparse).encode()) < 7000


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40).map(lambda raw: urlsafe_b64encode(raw).decode())))
def test_what_no_list_made_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        decode(text)


@pytest.mark.parametrize(
    "plain",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x05\x80", id="a number that is cut off"),
        pytest.param(b"\xff" * 12 + b"\x01", id="a number too large"),
        pytest.param(b"\x01" + b"\x80\x80\x80\x80\x80\x80\x80\x80\x40" * 3, id="a sum too large"),
        pytest.param(b"\x01" * (MAX_SHOWN + 2), id="more than a list shows"),
        pytest.param(b"\0" * 10_000_000, id="a bomb"),
    ],
)
def test_content_that_no_list_makes_is_refused(plain: bytes) -> None:
    with pytest.raises(CursorError):
        decode(urlsafe_b64encode(zlib.compress(plain)).decode())

"""The quick tests of long texts never say no where a guard would match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errtally.event.scrub import Scrubber
from errtally.event.scrub.catalogue import rules
from errtally.event.scrub.prefilter import LONG_CHARACTERS, may_have_colons, may_have_numbers

DIGITS = re.compile(rules()["digit_guard"])
COLONS = re.compile(rules()["colon_guard"])
PIECES = st.sampled_from(
    ["4111", "1111", " ", "-", ".", ":", "0", "12", "a", "fe", "gb", "82", "west", "é", "\ud800", "x1", "203", "\n"]
)


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=2000, deadline=None)
def test_what_a_guard_matches_is_never_ruled_out(text: str) -> None:
    lowered = text.lower()
    if DIGITS.search(lowered):
        assert may_have_numbers(lowered)
    if COLONS.search(lowered):
        assert may_have_colons(lowered)


@pytest.mark.parametrize(
    "secret",
    [
        "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "GB82 WEST 1234 5698 7654 32",
        "GB82WEST12345698765432", "536-22-8726", "203.113.187.154", "2a02:8108:1a2b:3c4d:5e6f:7a8b:9c0d:1e2f",
        "00:1a:2b:3c:4d:5e", "00-1a-2b-3c-4d-5e", "::ffff:203.113.187.154",
    ],
)  # fmt: skip
@pytest.mark.parametrize("filler", ["lorem ipsum ", "é…", "17 ", "a-b:c "])
def test_a_long_text_is_scrubbed_as_a_short_one(secret: str, filler: str) -> None:
    scrubber = Scrubber()
    long = filler * LONG_CHARACTERS
    found = scrubber.scrub_text(f"{long}: {secret} , {long}")
    assert secret not in found
    assert found.count("[REDACTED]") == 1


def test_a_long_text_without_any_of_it_is_ruled_out() -> None:
    text = "no stock for the order of the customer - it is late: really. " * 100
    assert not may_have_numbers(text)
    assert not may_have_colons(text)

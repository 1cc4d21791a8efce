"""Time grows with the length of a text: units made of the rules' own opening words, repeated, at two lengths."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errtally.event.scrub import Scrubber, scrubber
from errtally.event.scrub.catalogue import rules

WORDS = sorted(
    set(rules()["text"]["key_anchors"])
    | {needle for rule in rules()["values"] for needle in rule.get("needles", ())}
    | {"Cookie", "Set-Cookie", "insert into t (a, password) values (", "-----BEGIN PRIVATE KEY-----", "eyJ", "Bearer ",
       "curl -u", "mysql -p", "4111", "GB82", "1.2", "::", "a@b", "%22", "failed to ", "password '", "unexpected "}
)  # fmt: skip
SIGNS = ["=", ": ", "; ", ", ", '"', "'", '\\"', "{", "[", "}", "]", "(", ")", "<", ">", "</", "#", "%", "&", "-", "--",
         "@", "/", "\\", " ", "  ", "\n", "0", "a", "A", ".", "://", "=;", '="', "=#", "%3D", "&quot;", "ü", "`",
         "$"]  # fmt: skip
CHARACTERS = 6000
FACTOR = 4
GROWTH_LIMIT = 9.0
"""Four times the length takes four times the time; a quadratic rule would take sixteen times."""
SMALLEST_SECONDS = 0.004
KNOWN = ["Set-Cookie: a=b; ", "Cookie: a=", "=; Cookie: ", "password=" + "#" * 64, 'token=\\"', "passwd: {", "<pin a="]


def cpu_seconds(kind: str, text: str) -> float:
    scrub = getattr(Scrubber(), kind)
    started = time.thread_time()
    scrub(text, {})
    return time.thread_time() - started


def grows_too_fast(kind: str, unit: str) -> bool:
    """Whether the time grows faster than the text, each time that it is tried."""
    for _ in range(4):
        short, long = (
            min(cpu_seconds(kind, (unit * (size // len(unit) + 1))[:size]) for _ in range(2))
            for size in (CHARACTERS, CHARACTERS * FACTOR)
        )
        if long < SMALLEST_SECONDS or long < GROWTH_LIMIT * short:
            return False
    return True


@pytest.mark.parametrize("unit", KNOWN)
@pytest.mark.parametrize("kind", ["scrub_text", "scrub_source", "scrub_name"])
def test_what_was_quadratic_once_is_linear(kind, unit):
    assert not grows_too_fast(kind, unit)


@given(
    kind=st.sampled_from(["scrub_text", "scrub_source", "scrub_name"]),
    unit=st.lists(st.sampled_from(WORDS) | st.sampled_from(SIGNS), min_size=1, max_size=5).map("".join),
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_text_takes_time_in_proportion_to_its_length(kind, unit):
    assert not grows_too_fast(kind, unit)


def test_a_text_that_no_page_shows_is_cut(monkeypatch):
    monkeypatch.setattr(scrubber, "_TEXT_LIMIT", 1100)
    counts: dict[str, int] = {}
    found = Scrubber().scrub_text("lorem ipsum " * 200, counts)
    assert len(found) < 1120
    assert found.endswith("[REDACTED]")
    assert counts == {"limit": 1}

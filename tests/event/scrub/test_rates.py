"""How many real secrets go and how many harmless texts stay, with sentry-sdk's own scrubber beside ours."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sentry_sdk.scrubber import EventScrubber

from errtally.event.scrub import Scrubber

DATA = Path(__file__).parents[2] / "data" / "scrubbing"
SECRETS, HARMLESS = (
    [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    for name in ("secrets", "harmless")
)
TARGET = 0.02
SCRUBBER = Scrubber()
DOCS = Path(__file__).parents[3] / "docs" / "scrubbing.md"


def ours(row: dict[str, Any]) -> str:
    kind = row.get("kind", "text")
    return {
        "text": SCRUBBER.scrub_text, "code": SCRUBBER.scrub_source,
        "name": SCRUBBER.scrub_name, "version": SCRUBBER.scrub_version,
    }[kind](row["text"])  # fmt: skip


def theirs(row: dict[str, Any]) -> str:
    """What sentry-sdk leaves of a text in a log message, a header, a variable or an extra."""
    event: Any = {"logentry": {"message": row["text"]}, "extra": {"text": row["text"]}}
    EventScrubber(recursive=True, send_default_pii=False).scrub_event(event)
    return str(event["logentry"]["message"])


def rates(scrub: Any) -> tuple[int, int]:
    """How many secrets stay, and how many harmless texts are changed."""
    stay = sum(row["secret"] in scrub(row) for row in SECRETS)
    return stay, sum(scrub(row) != row["text"] for row in HARMLESS)


def test_there_are_enough_of_both():
    assert len(SECRETS) >= 150
    assert len(HARMLESS) >= 150


def test_fewer_than_two_of_a_hundred_are_judged_wrongly():
    stay, go = rates(ours)
    assert stay < TARGET * len(SECRETS), [row["id"] for row in SECRETS if row["secret"] in ours(row)]
    assert go < TARGET * len(HARMLESS), [row["id"] for row in HARMLESS if ours(row) != row["text"]]


def test_the_page_on_scrubbing_tells_the_rates():
    (stay, go), (their_stay, their_go) = rates(ours), rates(theirs)
    text = re.sub(r"\s+", " ", DOCS.read_text(encoding="utf-8"))
    assert f"{stay} of {len(SECRETS)} secrets stay, {go} of {len(HARMLESS)} harmless texts are changed" in text
    assert f"leaves {their_stay} and changes {their_go}" in text


@pytest.mark.parametrize("row", SECRETS[::10], ids=lambda row: row["id"])
def test_scrubbing_twice_changes_nothing(row):
    once = ours(row)
    assert ours(row | {"text": once}) == once

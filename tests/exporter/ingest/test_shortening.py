"""An event that is too long to be kept whole."""

from __future__ import annotations

import json
from copy import deepcopy

import pytest

from errtally.exporter.ingest.shortening import shortened

WORDS = "words and more words " * 20


def encode(page: dict) -> bytes:
    return json.dumps(page).encode()


def event() -> dict:
    def frame(*, in_app: bool) -> dict:
        source = {"pre_context": [WORDS], "context_line": "call()", "post_context": [WORDS]}
        return {"function": "f", "in_app": in_app, "vars": {"a": WORDS}, **source}

    return {
        "message": "no milk",
        "exceptions": [{"type": "T", "value": "v", "frames": [frame(in_app=False), frame(in_app=True)]}],
        "threads": [{"id": 1, "frames": [frame(in_app=False)] * 5}],
        "breadcrumbs": [{"message": f"{number} {WORDS}"} for number in range(30)],
        "extra": {"e": WORDS},
        "request": {"url": "https://e/", "data": WORDS},
        "contexts": {"runtime": {"name": WORDS}},
        "user": {"id": "u1"},
    }


@pytest.mark.parametrize(
    ("share", "gone"),
    [
        (0.95, ["threads"]),
        (0.705, ["threads", "variables of calls in libraries"]),
        (0.6, ["threads", "variables of calls in libraries", "extra", "older breadcrumbs"]),
    ],
)
def test_what_tells_least_goes_first_and_the_event_says_what(share, gone) -> None:
    page = event()
    limit = int(len(encode(page)) * share)
    kept = shortened(page, limit, encode)
    assert kept is not None
    assert len(kept) <= limit
    assert json.loads(kept)["truncated"] == f"of its {len(encode(event()))} bytes were not kept: {', '.join(gone)}"


def test_to_the_last_it_says_what_broke_where_and_for_whom() -> None:
    page = json.loads(shortened(event(), 5_000, encode) or b"{}")
    assert [frame["context_line"] for frame in page["exceptions"][0]["frames"]] == ["call()"] * 2
    assert (page["message"], page["user"], page["request"]) == ("no milk", {"id": "u1"}, {"url": "https://e/"})
    assert len(page["breadcrumbs"]) == 10
    assert page["breadcrumbs"][-1] == event()["breadcrumbs"][-1]


def test_what_is_too_long_all_the_same_is_not_kept() -> None:
    assert shortened({"message": WORDS}, 10, encode) is None
    strange = {"exceptions": [None, {"frames": [3, {"vars": 1}]}], "request": 7, "breadcrumbs": {}, "frames": None}
    assert shortened(deepcopy(strange), 10, encode) is None

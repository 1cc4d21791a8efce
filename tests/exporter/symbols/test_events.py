"""What a reader of issues has of uploaded maps: readable calls, one issue over builds, and a map that came late."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.inprocess import InProcess, envelope
from tests.exporter.symbols import made

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The second build: a line more, other letters, everything at other columns.
SECOND = f"// version 2\n{made.CART}"
SECOND_SCRIPT = "var z=0;" + made.SCRIPT
SECOND_THROWS = tuple(column + 8 for column in made.THROWS)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[InProcess]:
    shop = InProcess(tmp_path)
    yield shop
    shop.close()


def _send(shop: InProcess, event: dict[str, Any]) -> None:
    shop.post("/api/web/envelope/?sentry_key=k", envelope(("event", event)))
    shop.fold()


def _upload(shop: InProcess, **more: Any) -> None:
    made.upload(shop.resolver.archive, **more)
    _read(shop)


def _read(shop: InProcess) -> None:
    """Read what was uploaded, as the worker's chore does."""
    shop.resolver._looked = 0.0
    for wanted in shop.resolver.wanted_since(0.0):
        shop.resolver.files._wanted[wanted] = None
    made.make(shop.resolver)


def _second(event: dict[str, Any]) -> dict[str, Any]:
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    for frame, column in zip(frames, reversed(SECOND_THROWS), strict=True):
        frame |= {"colno": column, "function": frame["function"].replace("t.", "e.")}
    return {**event, "release": "shop@2"}


def _issues(shop: InProcess) -> list[dict[str, Any]]:
    return json.loads(shop.get("/api/issues").body)["issues"]


def _page(shop: InProcess) -> str:
    return shop.get(f"/issues/{_issues(shop)[0]['issue']}?project=web").body.decode()


def test_an_event_reads_as_its_author_wrote_it(shop: InProcess) -> None:
    _upload(shop)
    _send(shop, made.event())
    page = re.sub(r"<[^>]+>", "", _page(shop))
    assert "src/cart.ts:7:68 in &lt;anonymous&gt; in Cart.total" in page
    assert "return round(this.lines.reduce(" in page
    assert f"sent as {made.PAGE}/app.js:1:{made.THROWS[0]}" in page
    assert _issues(shop)[0]["culprit"] == "cart in total"
    assert "Merged into this issue" not in page


def test_an_error_is_one_issue_over_builds(shop: InProcess) -> None:
    _upload(shop)
    _upload(shop, script=SECOND_SCRIPT, found=made.source_map(SECOND_SCRIPT, SECOND), release="shop@2")
    _send(shop, made.event())
    _send(shop, _second(made.event()))
    assert [one["events"] for one in _issues(shop)] == [2]


def test_two_errors_of_one_message_are_two_issues(shop: InProcess) -> None:
    _upload(shop)
    other = made.event()
    del other["exception"]["values"][0]["stacktrace"]["frames"][1:]  # thrown in pay
    _send(shop, made.event())
    _send(shop, other)
    assert sorted(one["culprit"] for one in _issues(shop)) == ["cart in pay", "cart in total"]


def test_an_event_that_came_before_its_map_reads_well_when_somebody_looks(shop: InProcess) -> None:
    _send(shop, made.event())
    assert "Cart.total" not in _page(shop)
    _upload(shop)
    assert "Cart.total" in _page(shop)
    issue = _issues(shop)[0]["issue"]
    markdown = shop.get(f"/issues/{issue}.md?project=web").body.decode()
    assert "at Cart.total (src/cart.ts:7)" in markdown


def test_a_late_map_does_not_split_the_issue(shop: InProcess) -> None:
    _send(shop, made.event())
    _upload(shop)
    _send(shop, made.event())
    _upload(shop, script=SECOND_SCRIPT, found=made.source_map(SECOND_SCRIPT, SECOND), release="shop@2")
    _send(shop, _second(made.event()))
    assert [one["events"] for one in _issues(shop)] == [3]
    assert shop.total("errtally_new_issues_total") == 1


def test_a_release_without_its_map_has_no_new_issue(shop: InProcess) -> None:
    _upload(shop)
    _send(shop, made.event())
    _send(shop, _second(made.event()))
    assert [one["events"] for one in _issues(shop)] == [2]
    assert shop.total("errtally_new_issues_total") == 1


def test_two_issues_become_one_when_it_turns_out_that_they_are_one_error(shop: InProcess) -> None:
    unread = _second(made.event())
    for frame in unread["exception"]["values"][0]["stacktrace"]["frames"]:
        frame["filename"] = f"{made.PAGE}/other.js"  # so that it is another issue unread
    _upload(shop)
    _send(shop, made.event())
    _send(shop, unread)
    assert [one["events"] for one in _issues(shop)] == [1, 1]
    found = made.source_map(SECOND_SCRIPT, SECOND)
    _upload(shop, script=SECOND_SCRIPT, found=found, release="shop@2", url="~/other.js")
    _send(shop, unread)
    assert [one["events"] for one in _issues(shop)] == [3]


def test_of_several_errors_that_were_one_issue_unread_one_goes_on_in_it(shop: InProcess) -> None:
    minified = made.event()
    for frame in minified["exception"]["values"][0]["stacktrace"]["frames"]:
        frame["function"] = "t"
        frame["filename"] = f"{made.PAGE}/assets/app.min.js"
    other = json.loads(json.dumps(minified))
    del other["exception"]["values"][0]["stacktrace"]["frames"][1:]
    _send(shop, minified)
    _send(shop, other)
    assert [one["events"] for one in _issues(shop)] == [2]
    _upload(shop, url="~/assets/app.min.js")
    for _ in range(2):
        _send(shop, minified)
        _send(shop, other)
    assert sorted(one["events"] for one in _issues(shop)) == [2, 4]


def test_what_was_claimed_stays_so_after_a_restart(shop: InProcess, tmp_path: Path) -> None:
    _send(shop, made.event())
    _upload(shop)
    _send(shop, made.event())
    again = InProcess(tmp_path)
    claimed = again.writer._store.aliases(again.config.grouping).claimed
    again.close()
    assert {project for project, _ in claimed} == {"web"}


def test_secrets_in_source_lines_of_a_late_map_are_scrubbed(shop: InProcess) -> None:
    secret = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
    _send(shop, made.event())
    source = made.CART.replace("* line.qty, 0));", f'* line.qty, 0), "{secret}");')
    _upload(shop, found=made.source_map(source=source))
    page = _page(shop)
    assert "Cart.total" in page
    assert secret not in page


def test_what_is_missing_is_told_and_counted(shop: InProcess) -> None:
    _upload(shop, debug_id=made.DEBUG_ID)
    other = "22222222-1f5c-4c0e-9d1f-7a2b3c4d5e6f"
    _send(shop, made.event(f"{made.PAGE}/other.js", debug_id=other))
    page = _page(shop)
    assert f"no source map for debug id {other} was uploaded; uploaded are {made.DEBUG_ID}" in page
    tallies = shop.tally.take()
    assert tallies is not None
    assert (names.SYMBOL_FRAMES.name, ("not_uploaded",), 3.0) in [tuple(one) for one in tallies.counters]


def test_an_event_that_comes_while_its_map_is_read_is_taken_as_it_is(shop: InProcess) -> None:
    made.upload(shop.resolver.archive)
    _send(shop, made.event())
    assert "it was uploaded just now, and is being read" in _page(shop)
    made.make(shop.resolver)
    assert "Cart.total" in _page(shop)


def test_a_map_that_can_not_be_read_costs_no_event(shop: InProcess) -> None:
    _upload(shop, found=b"<!doctype html><title>404</title>")
    _send(shop, made.event())
    assert "the map is not the JSON of a source map" in _page(shop)
    assert [one["events"] for one in _issues(shop)] == [1]


def test_markup_in_a_source_is_text(shop: InProcess) -> None:
    url = "../src/<img src=x onerror=alert(1)>.ts"
    source = made.CART.replace("* line.qty, 0));", "* line.qty, 0)); // <script>alert(2)</script>")
    _upload(shop, found=made.source_map(source=source, url=url))
    _send(shop, made.event())
    page = _page(shop)
    assert "<img src=x" not in page
    assert "<script>alert(2)" not in page
    assert "&lt;script&gt;alert(2)" in page


def test_letters_of_a_minifier_in_the_message_do_not_split_the_issue(shop: InProcess) -> None:
    _upload(shop)
    for name in ("t", "e"):
        sent = made.event()
        sent["exception"]["values"][0] |= {"value": f"{name}.reduce is not a function", "type": name}
        _send(shop, sent)
    assert [one["events"] for one in _issues(shop)] == [2]


def test_handlers_without_names_are_told_apart_by_their_lines(shop: InProcess) -> None:
    source = "on('pay', () => cart.pay.now);\non('tell', () => cart.tell.now);\n"
    script = "on('pay',()=>c.pay.now);on('tell',()=>c.tell.now);"
    lines = source.split("\n")
    places = [(script.index(one), 0, at, lines[at].index(one)) for at, one in enumerate(("pay.now", "tell.now"))]
    found = {"sources": ["../src/main.ts"], "sourcesContent": [source], "mappings": made.mappings(places)}
    _upload(shop, script=script, found=found)
    for column in (script.index("pay.now"), script.index("tell.now")):
        sent = made.event()
        value = sent["exception"]["values"][0]
        value["value"] = "Cannot read properties of undefined (reading 'now')"
        value["stacktrace"]["frames"] = [{"filename": f"{made.PAGE}/app.js", "lineno": 1, "colno": column + 1}]
        _send(shop, sent)
    assert len(_issues(shop)) == 2


def test_a_stack_in_text_is_read_too(shop: InProcess) -> None:
    _upload(shop)
    calls = zip(("e", "t.total", "pay"), made.THROWS, strict=True)
    stack = "".join(f"\n    at {name} ({made.PAGE}/app.js:1:{column})" for name, column in calls)
    said = "Cannot read properties of undefined (reading 'amount')"
    event = {"message": said, "type": "TypeError", "stack": f"TypeError: {said}{stack}", "platform": "javascript",
             "context": {"release": "shop@1"}}  # fmt: skip
    shop.post("/api/events?project=web", event)
    shop.fold()
    _send(shop, made.event())
    assert [(one["culprit"], one["events"]) for one in _issues(shop)] == [("cart in total", 2)]
    page = re.sub(r"<[^>]+>", "", _page(shop))
    assert "src/cart.ts:7" in page


def test_nothing_is_looked_up_for_a_project_without_uploads(shop: InProcess) -> None:
    _upload(shop, project="other")
    _send(shop, made.event())
    tallies = shop.tally.take()
    assert tallies is not None
    assert not [one for one in tallies.counters if one[0] == names.SYMBOL_FRAMES.name]

"""Decisions on the list of issues: several at once, what was done, and taken back."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from tests.exporter.inprocess import NOW, environ
from tests.exporter.web.listing import api, send, submit, types

pytestmark = pytest.mark.usefixtures("any_database")


@pytest.mark.parametrize(("action", "status"), [pytest.param("resolve", "resolved"), pytest.param("ignore", "ignored")])
def test_several_issues_are_decided_on_at_once(exporter, action: str, status: str) -> None:
    send(exporter, "AError", "BError", "CError")
    answer = submit(exporter, "AError", "CError", action=action, query="Error", sort="events")
    assert answer.status == 303
    place = urlsplit(answer.headers["Location"])
    assert place.path == "/"
    told = parse_qs(place.query)
    assert len(told.pop("issue")) == 2  # what the button beside it takes back
    assert told == {"query": ["Error"], "sort": ["events"], "done": [action], "count": ["2"]}
    assert sorted(types(exporter, status=status)) == ["AError", "CError"]
    assert types(exporter, status="open") == ["BError"]
    told = {"resolve": "2 issues resolved.", "ignore": "2 issues ignored."}[action]
    assert told in exporter.get(f"/?{place.query}").body.decode()


def test_several_issues_are_merged_into_the_one_known_for_longest(exporter) -> None:
    send(exporter, "BError", timestamp=NOW - 7200)
    send(exporter, "AError", "CError", "DError", timestamp=NOW - 3600)
    answer = submit(exporter, "AError", "BError", "CError", action="merge")
    told = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (told["done"], told["count"], len(told["issue"]), len(told["into"])) == (["merge"], ["3"], 2, 1)
    assert sorted(types(exporter)) == ["BError", "DError"]
    [found] = api(exporter, query="is:merged")["issues"]
    assert (found["type"], found["events"], len(found["merged_fingerprints"])) == ("BError", 3, 2)
    assert types(exporter, query="type:AError events:3") == ["BError"]
    assert "2 merged" in exporter.get("/").body.decode()


@pytest.mark.parametrize(
    ("selected", "action", "told"),
    [
        pytest.param([], "resolve", "No issue was selected", id="nothing"),
        pytest.param(["AError"], "merge", "at least two", id="one alone can't be merged"),
        pytest.param(["AError", "XError"], "merge", "different projects", id="issues of two projects"),
        pytest.param(["AError", "0123456789abcdef:shop"], "ignore", "not there any more", id="one that is gone"),
        pytest.param(["0123456789abcdef"], "ignore", "not there any more", id="one without a project"),
    ],
)
def test_a_decision_that_can_not_be_made_changes_nothing(exporter, selected, action, told) -> None:
    send(exporter, "AError", "BError")
    send(exporter, "XError", project="bank")
    answer = submit(exporter, *selected, action=action)
    assert answer.status == 303
    assert told in exporter.get(f"/?{urlsplit(answer.headers['Location']).query}").body.decode()
    assert sorted(types(exporter, status="unresolved")) == ["AError", "BError", "XError"]


def test_a_forged_form_and_an_unknown_action_are_refused(exporter) -> None:
    send(exporter, "AError")
    assert submit(exporter, "AError", forged=True).status == 403
    assert submit(exporter, "AError", action="delete").status == 400
    assert types(exporter, status="unresolved") == ["AError"]


def test_where_a_decision_leads_is_never_another_site(exporter) -> None:
    send(exporter, "AError")
    answer = submit(exporter, "AError", query="//evil.example", cursor="https://evil.example", status="//evil.example")
    assert answer.headers["Location"].startswith("/?")


@pytest.mark.parametrize("name", ["done=delete&count=3", "done=resolve&count=-1", "done=resolve&count=x", "failed=<b>"])
def test_notices_are_only_words_of_the_exporter(exporter, name: str) -> None:
    assert "list-notice" not in exporter.get(f"/?{name}").body.decode()


def undo(exporter, address: str, **changes) -> str:
    """Press the button beside what a list says was done; return the address that it leads to."""
    page = exporter.get(address).body.decode()
    [form] = [one for one in re.findall(r"<form.*?</form>", page, re.DOTALL) if ">Undo<" in one]
    fields = [(name, unescape(value)) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)]
    made = environ("/issues", urlencode([*fields, *changes.items()]).encode())
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    answer = exporter.call(made)
    assert answer.status == 303, answer.body
    exporter.fold()
    return answer.headers["Location"]


def test_what_was_done_says_to_what_and_is_taken_back_at_once(exporter) -> None:
    send(exporter, "AError", "BError", "CError")
    address = submit(exporter, "AError", "CError", action="merge").headers["Location"]
    exporter.fold()
    assert types(exporter) == ["AError", "BError"] or types(exporter) == ["BError", "AError"]
    page = exporter.get(address).body.decode()
    assert re.search(r"2 issues merged into one: <a [^>]+><bdi>AError", page)
    assert "2 issues" not in exporter.get(undo(exporter, address)).body.decode()
    assert sorted(types(exporter)) == ["AError", "BError", "CError"]
    address = submit(exporter, "BError", action="ignore").headers["Location"]
    exporter.fold()
    assert sorted(types(exporter, status="open")) == ["AError", "CError"]
    undo(exporter, address)
    assert sorted(types(exporter, status="open")) == ["AError", "BError", "CError"]


def test_a_failure_does_not_look_like_success(exporter) -> None:
    send(exporter, "AError")
    page = exporter.get("/?failed=one").body.decode()
    assert '<div class="done bad"><p role="alert">Select at least two issues' in page
    assert "Undo" not in page

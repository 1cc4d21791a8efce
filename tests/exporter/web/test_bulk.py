"""Decisions on several issues: with what ends them by itself, and merges picked among what is similar."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import InProcess, environ

STACK = 'Traceback (most recent call last):\n  File "{where}.py", line 3, in {where}\n{type}: {message}'


def send(exporter: InProcess, *events: tuple[str, str, str], release: str = "") -> None:
    """Send events: each a type, a message and the function that raised it."""
    body = {
        "events": [
            {
                "type": type_, "message": message, "platform": "python", "context": {"release": release or None},
                "stack": STACK.format(where=where, type=type_, message=message),
            }
            for type_, message, where in events
        ]
    }  # fmt: skip
    assert exporter.post("/api/events?project=shop", body).status == 200
    exporter.fold()


def issues(exporter: InProcess) -> dict[str, dict]:
    return {one["type"]: one for one in exporter.get("/api/issues").json()["issues"]}


def submit(exporter: InProcess, *selected: str, **fields: str):
    page = exporter.get("/?status=all").body.decode()
    token = unescape(re.search(r'name="form_token" value="([^"]+)"', page)[1])
    values = [("form_token", token), *[("issue", f"{issues(exporter)[name]['issue']}:shop") for name in selected]]
    made = environ("/issues", urlencode([*values, *fields.items()]).encode())
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    with exporter.folding():
        answer = exporter.call(made)
    assert answer.status == 303, answer.body
    return exporter.get(answer.headers["Location"]).body.decode()


THREE = (("AError", "card of ann is declined", "pay"), ("BError", "no stock", "reserve"), ("CError", "gone", "reserve"))


@pytest.mark.parametrize(
    ("fields", "status", "condition"),
    [
        pytest.param({"action": "resolve_next"}, "resolved", "next release after shop@1.0", id="in the next release"),
        pytest.param({"action": "ignore_events", "events": "7"}, "ignored", "7 more events", id="until more"),
        pytest.param({"action": "ignore_hours", "hours": "5"}, "ignored", "until 20", id="for a while"),
    ],
)  # fmt: skip
def test_issues_are_decided_on_until_something_happens(exporter, fields, status, condition) -> None:
    send(exporter, *THREE, release="shop@1.0")
    page = submit(exporter, "AError", "BError", **fields)
    assert re.search(r'role="status">2 issues (resolved in the next release|ignored)', page)
    exporter.fold()
    found = issues(exporter)
    assert [found[name]["status"] for name in ("AError", "BError", "CError")] == [status, status, "unresolved"]
    shown = exporter.get(f"/api/issues/{found['AError']['issue']}").json()["condition"]["text"]
    assert condition in shown, shown


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        pytest.param({"action": "resolve_next"}, "No release is known yet", id="no release that another could follow"),
        pytest.param({"action": "ignore_events", "events": "many"}, "Say a number", id="no number"),
        pytest.param({"action": "ignore_hours"}, "Say a number", id="nothing"),
        pytest.param({"action": "ignore_hours", "hours": "0"}, "Say a number", id="none"),
    ],
)
def test_what_can_not_be_decided_changes_nothing(exporter, fields, told) -> None:
    send(exporter, *THREE)
    assert told in submit(exporter, "AError", **fields)
    assert {one["status"] for one in issues(exporter).values()} == {"unresolved"}


def similar(exporter: InProcess, name: str) -> list[str]:
    page = exporter.get(f"/issues/{issues(exporter)[name]['issue']}").body.decode()
    section = re.search(r"similar-heading.*?</form>", page, re.DOTALL)
    return re.findall(r"<bdi>(\w+):.*?<span class=\"facts\"><span>([^<]*)", section[0], re.DOTALL) if section else []


def test_similar_issues_are_those_of_the_same_function_and_of_nearly_the_same_message(exporter) -> None:
    send(exporter, *THREE, ("DError", "alpha beta gamma", "other"))
    send(exporter, ("AError", "card of ann is refused", "charge"))
    assert similar(exporter, "DError") == []
    assert similar(exporter, "BError") == [("CError", "same function")]
    [(type_, reason)] = similar(exporter, "AError")
    assert (type_, reason) == ("AError", "similar message")


def test_issues_are_picked_and_merged_into_the_one_that_is_looked_at_and_taken_out_again(exporter) -> None:
    send(exporter, *THREE)
    target = f"{issues(exporter)['CError']['issue']}:shop"
    page = submit(exporter, "BError", action="merge", into=target, back=target)
    assert re.search(r"2 issues merged into one: <a [^>]+><bdi>CError", page)
    assert f"<code>{target.partition(':')[0]}</code>" in page  # it is the issue's own page
    exporter.fold()
    assert sorted(issues(exporter)) == ["AError", "CError"]
    form = re.search(r'<div class="done">.*?</form>', page, re.DOTALL)[0]
    fields = re.findall(r'name="(\w+)" value="([^"]*)"', form)
    made = environ("/issues", urlencode([(name, unescape(value)) for name, value in fields]).encode())
    made["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
    with exporter.folding():
        answer = exporter.call(made)
    assert answer.headers["Location"].startswith(f"/issues/{target.partition(':')[0]}?project=shop")
    assert sorted(issues(exporter)) == ["AError", "BError", "CError"]

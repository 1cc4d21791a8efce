"""What people type or paste into the search box finds what they mean, by what real events carry."""

from __future__ import annotations

import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import NOW, InProcess

KEY = {"HTTP_X_SENTRY_AUTH": "Sentry sentry_key=k1"}


def event(number: int, type_: str, value: str, **fields) -> dict:
    """Return an event as an SDK sends it; ``module`` is the exception's, further fields are the event's."""
    module = fields.pop("module", None)
    exception = {"type": type_, "value": value, "module": module, "mechanism": fields.pop("mechanism", None)}
    frames = [{"function": f"run_{type_}", "module": "app", "filename": "app.py", "lineno": 3, "in_app": True}]
    return {
        "event_id": f"{number:032x}",
        "timestamp": NOW + number,
        "platform": "other",
        "exception": {"values": [*fields.pop("causes", []), {**exception, "stacktrace": {"frames": frames}}]},
        **fields,
    }


EVENTS = (
    event(
        1, "NullPointerException", 'Cannot invoke "Cart.size()" because "cart" is null', module="java.lang",
        release="shop@1.4.0", user={"id": "customer-77", "email": "Ann@Example.com", "username": "ann"},
        causes=[{"type": "SQLException", "value": "no such column: priec", "module": "java.sql"}],
    ),
    event(2, "NullPointerException", "Cannot read field 81723 of order", module="java.lang", release="shop@1.5.0"),
    event(3, "Resque::DirtyExit", "Child process received unhandled signal SIGKILL", release="shop@1.10.0"),
    event(
        4, "TypeError", "e is undefined", release="web@2.0.0", server_name="edge-3",
        mechanism={"type": "onerror", "handled": False},
        request={"url": "https://shop.example.com/cart?step=3#top", "headers": {}},
        contexts={
            "browser": {"name": "Firefox", "version": "133.0"}, "os": {"name": "Windows", "version": "11"},
            "runtime": {"name": "browser", "version": ""}, "device": {"family": "iPhone", "model": "iPhone14,3"},
        },
        tags={"browser": "as its client says"},
    ),
    event(5, "FileNotFoundError", r"[Errno 2] No such file: 'C:\Temp\new*.txt'", user={"ip_address": "203.0.113.9"}),
)  # fmt: skip
NPE = "NullPointerException"


pytestmark = pytest.mark.usefixtures("any_database")


@pytest.fixture(scope="module")
def exporter(tmp_path_factory):
    made = InProcess(tmp_path_factory.mktemp("search"))
    for sent in EVENTS:
        payload = json.dumps(sent).encode()
        body = b'{}\n{"type":"event","length":' + str(len(payload)).encode() + b"}\n" + payload + b"\n"
        answer = made.post("/api/shop/envelope/", body, KEY)
        assert answer.status == 200, answer.body
    made.fold()
    yield made
    made.close()


def found(exporter: InProcess, query: str) -> set[str]:
    answer = exporter.get("/api/issues?" + urlencode({"query": query}))
    assert answer.status == 200, answer.body
    return {issue["type"] for issue in answer.json()["issues"]}


@pytest.mark.parametrize(
    ("query", "types"),
    [
        pytest.param("81723", {NPE}, id="a number in the message of one event"),
        pytest.param('"read field"', {NPE}, id="a phrase of a message"),
        pytest.param("priec", {NPE}, id="the message of a cause"),
        pytest.param("java.lang.NullPointerException", {NPE}, id="the full name of a type"),
        pytest.param("type:java.lang.NullPointerException", {NPE}, id="the full name as the type"),
        pytest.param("type:java.sql.*", {NPE}, id="types of a package"),
        pytest.param("Resque::DirtyExit", {"DirtyExit"}, id="a name with colons"),
        pytest.param("type:Resque::DirtyExit", {"DirtyExit"}, id="a name with colons as the type"),
        pytest.param("Resque::DirtyExit: Child process received", {"DirtyExit"}, id="a title, pasted"),
        pytest.param(
            'NullPointerException: Cannot invoke "Cart.size()" because "cart" is null', {NPE}, id="a title with quotes"
        ),
        pytest.param(r"[Errno 2] No such file: 'C:\Temp\new*.txt'", {"FileNotFoundError"}, id="a path, pasted"),
        pytest.param(r'"C:\Temp\new"', {"FileNotFoundError"}, id="a path in quotes"),
        pytest.param("user:customer-77", {NPE}, id="a user by id"),
        pytest.param("user:ann@example.COM", {NPE}, id="a user by e-mail address, whatever the case"),
        pytest.param("user:ann", {NPE}, id="a user by name"),
        pytest.param("user.email:Ann@Example.com", {NPE}, id="by the address alone"),
        pytest.param("user.id:ann", set(), id="by the id alone, which is another"),
        pytest.param("user:ip:203.0.113.9", {"FileNotFoundError"}, id="by the address in the net"),
        pytest.param("-user:customer-77 user.ip:203.0.113.9", {"FileNotFoundError"}, id="and not another"),
        pytest.param('browser:"as its client says"', {"TypeError"}, id="a client's own tag wins"),
        pytest.param("browser.name:firefox", {"TypeError"}, id="a browser"),
        pytest.param('os:"Windows 11"', {"TypeError"}, id="a system with its version"),
        pytest.param("os.name:[Linux, Windows]", {"TypeError"}, id="one of several systems"),
        pytest.param("runtime:browser", {"TypeError"}, id="a runtime"),
        pytest.param("device:iPhone14* device.family:iPhone", {"TypeError"}, id="a device and its family"),
        pytest.param("server_name:edge-3", {"TypeError"}, id="a server"),
        pytest.param("url:https://shop.example.com/cart", {"TypeError"}, id="an address without its query"),
        pytest.param("handled:no mechanism:onerror", {"TypeError"}, id="what caught it"),
        pytest.param("first_release:shop@1.4.0", {NPE}, id="began with"),
        pytest.param("release:>=shop@1.5.0", {NPE, "DirtyExit"}, id="seen with a release or a newer one"),
        pytest.param("release:>shop@1.5.0", {"DirtyExit"}, id="1.10 is newer than 1.5, and of the same package"),
        pytest.param("release:>1.5.0", {"DirtyExit", "TypeError"}, id="a version of any package"),
        pytest.param("first_release:<1.5.0 has:release", {NPE}, id="began before a release"),
    ],
)  # fmt: skip
def test_what_is_typed_finds_what_is_meant(exporter, query: str, types: set[str]) -> None:
    assert found(exporter, query) == types


def said(exporter: InProcess, query: str) -> str:
    page = exporter.get("/?" + urlencode({"query": query})).body.decode()
    return unescape(re.sub(r"<[^>]+>", "", "".join(re.findall(r'<div class="list-hint">.*?</div>', page, re.DOTALL))))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        pytest.param("brwoser.name:Firefox", r"No event has a tag 'brwoser.name'.*browser.name:Firefox", id="a typo"),
        pytest.param("levl:error", "Did you mean level:error", id="a typo in a key"),
        pytest.param("tag.nosuch:x", "No event has a tag 'nosuch'", id="a tag by name"),
        pytest.param("has:nosuch", "No event has a tag 'nosuch'", id="any value"),
        pytest.param("release:>=9f3c2a1", "No release", id="a release that nobody knows"),
        pytest.param("nothing like this", 'Look for "nothing like this" as one text', id="words that are not found"),
        pytest.param("is:broken thing", 'Look for "is:broken thing" as one text', id="what can't be read"),
    ],
)
def test_what_finds_nothing_is_told_with_what_may_help(exporter, query: str, told: str) -> None:
    assert re.search(told, said(exporter, query)), said(exporter, query)


@pytest.mark.parametrize("query", ["", "level:error", "Cannot read", "-nosuch"])
def test_a_query_that_says_what_it_means_is_not_commented_on(exporter, query: str) -> None:
    assert said(exporter, query) == ""


def completed(exporter: InProcess, text: str) -> list[str]:
    answer = exporter.get("/issues/completions?" + urlencode({"text": text}))
    assert answer.status == 200, answer.body
    return answer.json()["completions"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("lev", ["level:"], id="a key"),
        pytest.param("browser", ["browser:", "browser.name:"], id="tags that events have"),
        pytest.param("is:un", ["is:unresolved", "is:unassigned", "is:unhandled"], id="a state"),
        pytest.param("level:", ["level:fatal", "level:error", "level:warning", "level:info"], id="levels"),
        pytest.param("browser.name:fi", ["browser.name:Firefox"], id="a tag's value, whatever the case"),
        pytest.param("os:win", ['os:"Windows 11"'], id="a value with a space is quoted"),
        pytest.param("release:shop", ["release:shop@1.10.0", "release:shop@1.5.0"], id="releases, the newest first"),
        pytest.param("-os.name:w", ["-os.name:Windows"], id="what is negated"),
        pytest.param("has:browser.", ["has:browser.name"], id="has a tag"),
        pytest.param("project:s", ["project:shop"], id="a project"),
        pytest.param("", [], id="nothing"),
        pytest.param("zzz", [], id="what there is not"),
    ],
)  # fmt: skip
def test_what_is_begun_is_completed(exporter, text: str, expected: list[str]) -> None:
    assert completed(exporter, text)[: len(expected)] == expected
    assert bool(completed(exporter, text)) == bool(expected)


def test_a_tag_has_a_page_of_its_values_with_when_they_were_seen(exporter) -> None:
    [issue] = exporter.get("/api/issues?query=first_release:shop@1.4.0").json()["issues"]
    page = exporter.get(f"/issues/{issue['issue']}").body.decode()
    assert f"/issues/{issue['issue']}/tags/release?project=shop" in page
    values = exporter.get(f"/issues/{issue['issue']}/tags/release").body.decode()
    rows = re.findall(r'<th scope="row">.*?>([^<]+)</a>.*?Events">(\d+)<.*?Share">([^<]+)<', values)
    assert rows == [("shop@1.4.0", "1", "100.0 %")]
    assert len(re.findall(r'<time class="when"', values)) == 2
    assert exporter.get(f"/issues/{issue['issue']}/tags/nothing").status == 404

"""Links that begin a ticket in a tracker."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.exporter.inprocess import InProcess

from errtally.exporter.config import ExporterConfig
from errtally.exporter.ticket_template import TicketTemplate, read
from errtally.exporter.web import tickets

ISSUE = {
    "id": 34, "project": "shop", "fingerprint": "f1", "culprit": "pay in charge", "events": 7, "users": 2,
    "first_seen": 1_795_500_000.0, "last_seen": 1_795_500_060.0, "last_release": "1.4.2",
}  # fmt: skip
LINK = "https://errors.example.com/issues/f1?project=shop"


def begun(url: str, heading: str = "KeyError: 'sku'", **more: object) -> str:
    [link] = tickets.begin([TicketTemplate("Tracker", url)], {**ISSUE, **more}, heading, LINK)
    assert link.text == "Tracker"
    return link.url


@pytest.mark.parametrize(
    ("url", "title", "body"),
    [
        ("https://github.com/a/b/issues/new?title={title}&body={body}&labels=bug", "title", "body"),
        (
            "https://gitlab.example.com/a/-/issues/new?issue[title]={title}&issue[description]={body}",
            "issue[title]", "issue[description]",
        ),
        (
            "https://jira.example.com/secure/CreateIssueDetails!init.jspa?pid=1&issuetype=1&summary={title}&description={body}",
            "summary", "description",
        ),
    ],
    ids=["GitHub", "GitLab", "Jira"],
)  # fmt: skip
def test_a_tracker_reads_what_was_filled_in(url, title, body) -> None:
    sent = parse_qs(urlsplit(begun(url, "a & b = <c> #1 100% ü\nsecond")).query)
    assert sent[title] == ["[SHOP-12] a & b = <c> #1 100% ü\nsecond"]
    [text] = sent[body]
    assert "a & b = <c> #1 100% ü" in text
    assert "7 events, 2 users; first seen 2026-11-24 06:00:00 UTC" in text
    assert "release 1.4.2" in text
    assert text.rstrip().endswith(LINK)


def test_what_a_client_sent_does_not_end_the_block_that_it_stands_in() -> None:
    text = parse_qs(urlsplit(begun("https://t.example/?b={body}", "x\n```\n@everyone")).query)["b"][0]
    assert text.count("```") == 2


def test_an_address_is_never_too_long_and_no_character_is_cut() -> None:
    for heading in ("x" * 50_000, "\N{PILE OF POO}" * 50_000):
        url = begun("https://t.example/?t={title}&b={body}", heading)
        assert len(url) <= tickets.MAX_URL
        assert "\N{REPLACEMENT CHARACTER}" not in parse_qs(urlsplit(url).query)["b"][0]


def test_text_in_braces_that_a_client_sent_is_not_filled_in() -> None:
    url = begun("https://t.example/?t={title}&l={link}", "{link} {body}")
    assert parse_qs(urlsplit(url).query)["t"] == ["[SHOP-12] {link} {body}"]


def test_the_page_of_an_issue_offers_those_of_its_project_until_it_has_a_ticket(tmp_path) -> None:
    templates = (
        TicketTemplate("Ours", "https://t.example/?t={title}", "shop"),
        TicketTemplate("All", "https://a.example/?t={title}"),
        TicketTemplate("Theirs", "https://m.example/", "mail"),
    )
    exporter = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path, tickets=templates))
    assert exporter.post("/api/events?project=shop", {"events": [{"message": "no sku", "type": "E"}]}).status == 200
    exporter.fold()
    [issue] = exporter.reader.issues()
    path = f"/issues/{issue['fingerprint']}?project=shop"
    page = exporter.get(path).body.decode()
    assert "https://t.example/?t=%5BSHOP-1%5D%20E%3A%20no%20sku" in page
    assert "https://a.example/" in page
    assert "https://m.example/" not in page
    with exporter.folding():
        said = {"ticket": "https://t.example/1"}
        assert exporter.post(f"/api/issues/{issue['fingerprint']}/link", said).status == 200
    assert "Begin a ticket" not in exporter.get(path).body.decode()
    exporter.close()


def test_a_field_that_is_not_known_is_refused_with_its_place() -> None:
    problems: list[str] = []
    entries = [
        {"name": "T", "url": "https://t.example/?t={title}"},
        {"name": "T", "url": "https://t.example/?t={titel}"},
    ]
    read(entries, "errtally.yml: tickets", problems)
    assert problems == ["errtally.yml: tickets[1].url: {titel} is none of {title}, {body}, {link}, {short_id}"]

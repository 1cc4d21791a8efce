"""What each channel gets, rendered by Alertmanager's own templates, beside what it was when somebody last read it.

After a change that is meant: `ERRTALLY_WRITE_GOLDEN=1 pytest tests/alertmanager/test_notifications.py`, then read the
difference.
"""

from __future__ import annotations

import html
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from tests.peers import peer

from errtally.alertmanager.preview import PREVIEWED, preview
from errtally.alertmanager.samples import STATES, message
from errtally.command_line import errtally

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("channel", PREVIEWED)
@pytest.mark.parametrize("state", STATES)
def test_a_notification_is_what_somebody_has_read(channel: str, state: str) -> None:
    peer("amtool")
    shown = preview({}, channel, message(state))
    page = shown.pop("html", "")
    text = json.dumps(shown, indent=2, ensure_ascii=False) + "\n" + page
    golden = GOLDEN / f"{channel}-{state}.txt"
    if os.environ.get("ERRTALLY_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("channel", ["slack", "pagerduty", "email"])
@pytest.mark.parametrize("state", STATES)
def test_no_notification_shows_a_gap(channel: str, state: str) -> None:
    text = (GOLDEN / f"{channel}-{state}.txt").read_text()
    assert "<no value>" not in text
    assert "{{" not in text
    assert "%!" not in text, "a format that did not fit"


def test_links_show_the_time_of_the_alert_however_late_they_are_followed() -> None:
    firing = (GOLDEN / "slack-firing.txt").read_text()
    resolved = (GOLDEN / "slack-resolved.txt").read_text()
    assert "&from=1772440200000&to=now" in firing
    assert "&from=1772440200000&to=1772446200000" in resolved


@pytest.mark.parametrize("channel", ["slack", "email"])
@pytest.mark.parametrize(
    "project", ['a "quoted" one', "back\\slash", "{braces}", "two\nlines", "a+b & c", "umläut-商店"]
)
def test_the_silence_link_silences_exactly_this_group(channel: str, project: str) -> None:
    peer("amtool")
    told = message("firing")
    for labels in (told["groupLabels"], told["commonLabels"], *(alert["labels"] for alert in told["alerts"])):
        labels["project"] = project
    shown = preview({}, channel, told)
    found = re.findall(
        r"(http://alertmanager\.example\.com/#/silences/new\?filter=[^|\"\s]+)", "\n".join(map(str, shown.values()))
    )
    assert found
    for link in found:
        read = unquote(html.unescape(link).partition("filter=")[2])
        quoted = re.findall(r'project="((?:[^"\\]|\\.)*)"', read)
        assert [json.loads(f'"{one}"') for one in quoted] == [project], link


def test_a_mail_about_two_hundred_issues_lists_twenty_and_leads_to_the_rest() -> None:
    peer("amtool")
    told = message("many")
    told["alerts"] = [told["alerts"][0]] * 200
    shown = preview({}, "email", told)
    for part in (shown["text"], shown["html"]):
        assert part.count("New issue in checkout (production)") == 20
        assert "20 of 200" in part
        assert "/#/alerts?filter=" in part


def test_what_comes_from_events_is_no_markup_in_chat() -> None:
    text = (GOLDEN / "slack-many.txt").read_text()
    assert "no price for &lt;num&gt; &amp; no. 1\\u0020" not in text
    assert "no price for &lt;num&gt; &amp; no. 1 <http://errtally.example.com/issues/" in text
    assert "and more: 12 alerts in all" in text


class _Page(HTMLParser):
    """Tags that are open, and each element's own style."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.styles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.styles += [value or "" for name, value in attrs if name == "style"]
        if tag not in ("meta", "hr", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("state", STATES)
def test_mail_is_well_formed_and_readable_on_a_dark_page(state: str) -> None:
    html = (GOLDEN / f"email-{state}.txt").read_text().split("<!DOCTYPE html>")[1]
    page = _Page()
    page.feed(html)
    assert page.open == []
    assert '<meta name="color-scheme" content="light dark">' in html
    for style in page.styles:
        has_colour = re.search(r"(^|[; ])color:", style) is not None
        assert has_colour is ("background-color:" in style), "a colour of text without its background"


def test_the_command_shows_a_message_of_ones_own(tmp_path: Path) -> None:
    peer("amtool")
    own = message("firing")
    own["alerts"][0]["annotations"]["summary"] = "mine"
    (tmp_path / "m.json").write_text(json.dumps(own))
    arguments = ["alertmanager", "preview", "--channel", "slack", "--message", str(tmp_path / "m.json")]
    result = CliRunner().invoke(errtally, arguments)
    assert json.loads(result.output)["text"].startswith("• mine\n")


def test_a_preview_shows_no_secret(tmp_path: Path) -> None:
    peer("amtool")
    (tmp_path / "f.yml").write_text(
        "alerting: {channels: {slack: {api_url: 'https://chat.example.com/s3cret', channel: '#a'}}}"
    )
    arguments = ["alertmanager", "preview", "--channel", "slack", "--config", str(tmp_path / "f.yml")]
    result = CliRunner().invoke(errtally, arguments)
    assert result.exit_code == 0
    assert "s3cret" not in result.output


def test_a_message_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{")
    arguments = ["alertmanager", "preview", "--channel", "slack", "--message", str(tmp_path / "m.json")]
    result = CliRunner().invoke(errtally, arguments)
    assert result.exit_code == 1
    assert "m.json: not JSON" in result.output


@pytest.mark.parametrize("chat", ["discord", "teams", "telegram", "google_chat"])
@pytest.mark.parametrize("state", STATES)
def test_every_chat_says_what_happened_and_leads_on(chat: str, state: str) -> None:
    text = (GOLDEN / f"{chat}-{state}.txt").read_text()
    assert not [gap for gap in ("<no value>", "{{", "%!") if gap in text]
    assert "Silence" in text
    assert (state != "many") or "and more: 12 alerts in all" in text
    assert len(text) < 4096, "as much as Telegram and Discord take"

"""What the real Alertmanager posts to each chat: the alert in that chat's form, and nothing of an event as markup."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.flow.programs import alertmanager
from tests.flow.receivers import Post, WebReceiver
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS

from errtally import config
from errtally.alertmanager.build import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.flow

HOOK = "/hook"
BOT = "/bot123:abc/sendMessage"
HOSTILE = "ValueError: **loud** <b>bold</b> [win](http://evil.example.com) @everyone <users/all> `x` *y* _z_"
LINKS = {
    "issue_url": "http://errtally.example.com/issues/a1?project=shop",
    "runbook_url": "http://errtally.example.com/runbooks/NewIssue",
}


def _markdown(text: str) -> None:
    assert r"\*\*loud\*\* \<b\>bold\</b\> \[win\](http://evil.example.com) \@everyone" in text
    assert f"[Issue]({LINKS['issue_url']})" in text
    assert f"[Runbook]({LINKS['runbook_url']})" in text


def _discord(body: Any) -> None:
    embed = body["embeds"][0]
    assert embed["title"] == "⚠️ NewIssue: firing"
    _markdown(embed["description"])


def _mattermost(body: Any) -> None:
    attachment = body["attachments"][0]
    assert body["channel"] == "alerts"
    assert attachment["title"] == "⚠️ NewIssue: firing"
    assert "&lt;users/all&gt;" in attachment["text"]
    assert f"<{LINKS['issue_url']}|Issue>" in attachment["text"]


def _telegram(body: Any) -> None:
    assert (str(body["chat_id"]), body["parse_mode"]) == ("-100", "HTML")
    text = body["text"]
    assert text.startswith("<b>⚠️ NewIssue: firing</b>\n")
    assert "&lt;b&gt;bold&lt;/b&gt;" in text
    assert f'<a href="{LINKS["issue_url"]}">Issue</a>' in text
    assert set(re.findall(r"</?\w+", text)) == {"<b", "</b", "<a", "</a"}


def _teams(body: Any) -> None:
    title, text = (block["text"] for block in body["attachments"][0]["content"]["body"])
    assert title == "⚠️ NewIssue: firing"
    _markdown(text)


def _google_chat(body: Any) -> None:
    text = body["text"]
    assert text.startswith("*⚠️ NewIssue: firing*\n")
    assert "<users" not in text
    assert "\u2039users/all\u203a" in text
    assert f"<{LINKS['issue_url']}|Issue>" in text


CHATS: dict[str, tuple[tuple[int, int], dict[str, Any], str, Callable[[Any], None]]] = {
    "mattermost": ((0, 25), {"webhook_url": HOOK, "channel": "alerts"}, HOOK, _mattermost),
    "discord": ((0, 25), {"webhook_url": HOOK}, HOOK, _discord),
    "telegram": ((0, 25), {"bot_token": "123:abc", "chat_id": -100, "api_url": ""}, BOT, _telegram),
    "teams": ((0, 28), {"webhook_url": HOOK}, HOOK, _teams),
    "google_chat": ((0, 32), {"webhook_url": HOOK}, HOOK, _google_chat),
}
"""For each chat the first Alertmanager that has it in this form, its settings, where it posts, what that must say."""


def _version(program: Path) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr)
    return (int(found[1]), int(found[2])) if found else (999, 0)  # one that was built by hand has no number


@pytest.mark.parametrize("chat", CHATS)
def test_an_alert_reaches_a_chat_in_its_own_form(chat: str, tmp_path: Path) -> None:
    needed, settings, path, is_right = CHATS[chat]
    here = _version(peer("alertmanager"))
    if here < needed:
        pytest.skip(f"Alertmanager {needed[0]}.{needed[1]} has {chat}, and {here[0]}.{here[1]} is installed")
    with WebReceiver() as web:
        places = {"webhook_url": web.url(HOOK), "api_url": web.url()}
        channel = {key: places.get(key, value) for key, value in settings.items()}
        document = {"alerting": {"group_wait": "0s", "channels": {chat: channel}}}
        files = build(config.parse(yaml.safe_dump(document), "the test's configuration"))
        with alertmanager(tmp_path, files) as address:
            _fire(address, chat)
            post: Post = web.inbox.first(lambda post: post.path == path)
    is_right(post.body)


def _fire(address: str, chat: str) -> None:
    alert = {
        "labels": {"alertname": "NewIssue", "severity": "warning", "project": "shop", "environment": "production",
                   "issue": "a1", "channels": chat},
        "annotations": {"summary": HOSTILE, "value": "1", "threshold": "0", **LINKS},
        "startsAt": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    request = urllib.request.Request(
        f"http://{address}/api/v2/alerts", json.dumps([alert]).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):
        pass

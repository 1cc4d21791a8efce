"""Play a history through the generated rules into a real Alertmanager, a minute in a part of a second.

promtool tells, minute by minute, what the real rules find; the test sends it as Prometheus does: what fires again and
again, and what has ended with its end. Alertmanager has the generated routes and
inhibitions, its times in the same measure, and in the place of each receiver's integrations a webhook with their
``send_resolved``: what the messages look like is the matter of other tests.
"""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import yaml
from tests.flow.programs import alertmanager
from tests.flow.receivers import WebReceiver
from tests.rules.playing import configured, fired
from tests.waiting import PATIENCE_SECONDS

from errtally.alertmanager.build import CONFIG_FILE
from errtally.alertmanager.build import build as build_alertmanager
from errtally.config.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tests.flow.receivers import Post
    from tests.rules.history import History
    from tests.rules.playing import LabelSet

MINUTE_SECONDS = 0.2
"""How long a minute of a history takes."""

_RESENT_MINUTES = 4
"""Prometheus sends an alert with an end that lies so far ahead: then Alertmanager takes for ended what it hears not."""
_FAR = timedelta(minutes=5)
"""Where that end lies here, so that a slow machine ends nothing; when Prometheus is away it is told."""
_INTERVALS = frozenset({"group_wait", "group_interval", "repeat_interval"})
_AFTERWARDS_MINUTES = 12
"""Long enough for a group that was just looked at to be looked at twice more."""


def deliver(
    folder: Path,
    history: History,
    *,
    settings: str = "",
    files: str = "",
    away: tuple[int, int] = (0, 0),
    binary: Path | None = None,
) -> list[str]:
    """Return what each receiver heard of each group: ``RECEIVER: KIND ALERTS``, by receivers, and each in its order.

    Repetitions and further alerts of what goes on are one line with it, so that a line is a firing or its end.

    Args:
        folder: where files may be written.
        history: what Prometheus has scraped.
        settings: YAML below ``alerting``.
        files: only rule files whose name has this at the end; "" for all.
        away: the minutes between which Prometheus is away and sends nothing.
        binary: an Alertmanager that is not the machine's own.
    """
    document = configured(settings)
    firing = fired(folder, document, history, files=files)
    with WebReceiver() as web:
        files_ = build_alertmanager(document)
        files_[CONFIG_FILE] = yaml.safe_dump(_hurried(yaml.safe_load(files_[CONFIG_FILE]), web))
        with alertmanager(folder, files_, binary=binary) as address:
            _send(address, firing, away)
            return _heard(web.inbox.all())


def _hurried(content: Any, web: WebReceiver) -> Any:
    """Return a configuration with its intervals in the measure of the play, and a webhook for each receiver."""
    if isinstance(content, list):
        return [_hurried(one, web) for one in content]
    if not isinstance(content, dict):
        return content
    found: dict[str, Any] = {}
    for key, value in content.items():
        if key in _INTERVALS:
            found[key] = f"{max(int(parse_duration(value) / 60 * MINUTE_SECONDS * 1000), 1)}ms"
        elif key == "receivers":
            found[key] = [_webhook(receiver, web) for receiver in value]
        else:
            found[key] = _hurried(value, web)
    return found


def _webhook(receiver: dict[str, Any], web: WebReceiver) -> dict[str, Any]:
    integrations = [one for key, configs in receiver.items() if key.endswith("_configs") for one in configs]
    ends = all(one["send_resolved"] for one in integrations)
    hook = {"url": web.url(f"/{receiver['name']}"), "send_resolved": ends}
    return {"name": receiver["name"], **({"webhook_configs": [hook]} if integrations else {})}


def _send(address: str, firing: dict[int, set[LabelSet]], away: tuple[int, int]) -> None:
    eventful = [minute for minute, alerts in firing.items() if alerts]
    first, last = eventful[0], eventful[-1]
    forgotten = away[0] + _RESENT_MINUTES if away[1] else 0
    began = time.monotonic()
    before: set[LabelSet] = set()
    for minute in range(first, last + _AFTERWARDS_MINUTES):
        time.sleep(max(0.0, began + (minute - first) * MINUTE_SECONDS - time.monotonic()))
        now = firing.get(minute, firing[last] if last == max(firing) else set())  # what fires at the end goes on
        if away[0] <= minute < away[1]:
            if minute != forgotten:
                continue
            now = set()
        sent = datetime.now(UTC)
        _post(address, [*((one, sent + _FAR) for one in now), *((one, sent) for one in before - now)])
        before = now


def _post(address: str, alerts: Iterable[tuple[LabelSet, datetime]]) -> None:
    body = [{"labels": dict(labels), "endsAt": ends.isoformat()} for labels, ends in alerts]
    request = urllib.request.Request(
        f"http://{address}/api/v2/alerts", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS):
        pass


def _heard(posts: list[Post]) -> list[str]:
    rows: list[tuple[str, str, set[tuple[str, str]]]] = []
    last: dict[tuple[str, str], tuple[str, str, set[tuple[str, str]]]] = {}
    for post in posts:
        receiver, kind = post.path.removeprefix("/"), post.body["status"]
        group = (receiver, post.body["groupKey"])
        row = last.get(group)
        if row is None or row[1] != kind:
            # An end tells of those that ended since the last message: here it is the end of all that its group told.
            row = last[group] = (receiver, kind, set() if row is None or kind == "firing" else row[2])
            rows.append(row)
        row[2].update((alert["labels"]["alertname"], alert["fingerprint"]) for alert in post.body["alerts"])
    rows.sort(key=lambda row: row[0])
    return [f"{receiver}: {kind} {_named(own)}" for receiver, kind, own in rows]


def _named(alerts: set[tuple[str, str]]) -> str:
    names = sorted(name for name, _ in alerts)
    return " ".join(f"{name}x{names.count(name)}" if names.count(name) > 1 else name for name in dict.fromkeys(names))

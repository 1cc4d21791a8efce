"""An hour of the demo's shop in a minute: the real exporter in this process, its clock set by hand, and scraped.

What is scraped is written in OpenMetrics' text format with its times, of which promtool makes blocks for Prometheus.
The rules' records and alerts are made the same way afterwards, by promtool from the real rules.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import yaml
from tests.exporter.inprocess import InProcess
from tests.flow.beside import analyse
from tests.peers import peer

from errtally import names
from errtally.config.duration import parse_duration
from errtally.exporter.config import ExporterConfig
from errtally.exporter.demo.happenings import draw
from errtally.exporter.demo.messages import job_report, messages
from errtally.exporter.demo.recovery import CALLED, recovery_report
from errtally.exporter.demo.services import SERVICES, TELLS_THE_STORY
from errtally.exporter.demo.story import Stage, stage_at
from errtally.exporter.journal.records import encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

SCRAPE_SECONDS = 15
REPORT_SECONDS = 60
RATE = 6.0
"""Requests a second."""
QUIET_SECONDS = 3700
"""How long it goes on as usual before the hour: what alerts compare with, and what totals begin at."""

AUTHORIZED = {"AUTHORIZATION": "Bearer any"}
COMES_BACK = "StockMismatch"
"""The type of an error that is resolved and happens again."""

_TARGET = 'job="errtally",instance="exporter:9765"'
_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)")


@dataclass
class Clock:
    """The time as the exporter sees it."""

    now: float

    def time(self) -> float:
        return self.now


@dataclass
class Hour:
    """What was scraped, and of which time.

    Attributes:
        start, end: of the hour to look at.
        lines: samples with their times.
        issue: one that was resolved and came back, as the API shows it.
    """

    start: float
    end: float
    lines: list[str]
    issue: dict[str, Any]


def play(folder: Path, end: float, seconds: float = 3600) -> Hour:
    """Let an hour of the shop pass that ends at a time; the store stays in ``folder``."""
    start = end - seconds
    # With little traffic chance alone makes a healthy service page now and then: not with this seed.
    clock, rng = Clock(start - QUIET_SECONDS), random.Random(1)
    lines: list[str] = []
    findings = analyse(folder, "prometheus").read_text()
    with mock.patch.object(time, "time", clock.time):
        config = ExporterConfig(scrape_interval_seconds=SCRAPE_SECONDS)
        exporter = InProcess(folder / "data", config)
        stage, reported = None, 0.0
        extras = sorted(_extras(start, seconds), key=lambda extra: extra[0])
        while clock.now < end:
            for _ in range(int(RATE * SCRAPE_SECONDS)):
                clock.now += 1 / RATE
                at = max((clock.now - start) / seconds, 0.0)
                before, stage = stage, stage_at(at)
                for message in _sent(rng, clock.now, stage):
                    _post(exporter, message.path, message.body, message.headers)
                if stage is not before or clock.now - reported >= REPORT_SECONDS:
                    reported = clock.now
                    _report(exporter, clock.now, stage, is_first=stage is not before)
                if stage is not before:
                    exporter.fold()
                    _act(exporter, stage)
            while extras and extras[0][0] <= clock.now:
                extras.pop(0)[1](exporter)
                exporter.fold()
            if (tallies := exporter.tally.take()) is not None:
                exporter.appender.append(encoder.encode(tallies), 0, clock.now)
            exporter.fold()
            lines += _scraped(exporter.get("/metrics").body.decode(), clock.now, _TARGET)
            lines += _scraped(findings + "up 1\n", clock.now, 'job="node",instance="node-exporter:9100"')
        issues = exporter.get("/api/issues?project=checkout&limit=100").json()["issues"]
        exporter.close()
    (issue,) = [issue for issue in issues if issue["type"] == COMES_BACK]
    return Hour(start, end, lines, issue)


def _extras(start: float, seconds: float) -> Iterator[tuple[float, Callable[[InProcess], None]]]:
    """What the demo leaves out, at its time: an issue that comes back, one that is new in the end, what is refused."""
    for minute in range(0, int(seconds / 60), 7):
        yield start + 60 * minute, _turned_away
        if minute in {7, 14}:
            yield start + 60 * minute, lambda exporter: _fail(exporter, COMES_BACK, 6)
        if minute == 21:
            yield start + 60 * minute, _resolve
    yield start + seconds * 0.42, lambda exporter: _tell(exporter, start + seconds * 0.42)
    yield start + seconds * 0.62, lambda exporter: _tell(exporter, start + seconds * 0.62, is_over=True)
    # Without marks of their end, as a scrape leaves them, series are seen for five minutes after it.
    yield start + seconds * 0.88, lambda exporter: _fail(exporter, COMES_BACK, 9)
    yield start + seconds * 0.95, lambda exporter: _fail(exporter, "VoucherExpired", 4)


def _fail(exporter: InProcess, type_: str, count: int) -> None:
    for number in range(count):
        event = {
            "type": type_, "message": f"{type_} of shelf {number}", "context": {"user": {"id": f"u-{number}"}},
            "fingerprint": [type_], "transaction": "/checkout",
        }  # fmt: skip
        answer = exporter.post("/api/events?project=checkout", {"events": [event]}, AUTHORIZED)
        assert answer.status == 200, answer.body


def _resolve(exporter: InProcess) -> None:
    for issue in exporter.get("/api/issues?project=checkout&limit=100").json()["issues"]:
        if issue["type"] in {COMES_BACK, "IntegrityError"}:
            exporter.post(f"/api/issues/{issue['issue']}/resolve?project=checkout", {})


def _turned_away(exporter: InProcess) -> None:
    """Send what is not JSON, what was sent before, and a secret."""
    exporter.post("/api/events?project=checkout", b"{not json", AUTHORIZED)
    event = {"event_id": "0" * 31 + "1", "message": "again", "context": {"extra": {"password": "correct horse"}}}
    exporter.post("/api/events?project=checkout", {"events": [event]}, AUTHORIZED)


def _sent(rng: random.Random, now: float, stage: Stage) -> Iterator[Any]:
    yield from messages(draw(rng, now, stage), "any")


def _post(exporter: InProcess, path: str, body: bytes, headers: Mapping[str, str]) -> None:
    named = {name.upper().replace("-", "_"): value for name, value in headers.items()}
    answer = exporter.post(path, body, named)
    assert answer.status < 300, answer.body


def _report(exporter: InProcess, now: float, stage: Stage, *, is_first: bool) -> None:
    for service in SERVICES:
        if service.protocol == "sentry":
            release = stage.release(service)
            is_broken = release == service.next_release
            sent = job_report(service.project, release, int(now) // 60, now, "any", is_broken=is_broken)
            _post(exporter, sent.path, sent.body, sent.headers)
        if service.project in CALLED:
            sent = recovery_report(service, stage, int(now) // 60, "any", is_first=is_first)
            _post(exporter, sent.path, sent.body, sent.headers)


def _act(exporter: InProcess, stage: Stage) -> None:
    """Do what people do at a stage: deploys, decisions."""
    if not stage.begins:
        return
    deploy = {"project": TELLS_THE_STORY.project, "release": stage.release(TELLS_THE_STORY)}
    assert exporter.post("/api/deploys", {**deploy, "environment": names.DEFAULT_ENVIRONMENT}).status == 201
    if stage.is_fixed:
        for issue in exporter.get("/api/issues?project=checkout&limit=100").json()["issues"]:
            if issue["type"] == "KeyError":
                exporter.post(f"/api/issues/{issue['issue']}/resolve?project=checkout", {})


def _tell(exporter: InProcess, now: float, *, is_over: bool = False) -> None:
    """Tell of alerts as Alertmanager does: they begin, and all but one are over later."""
    began = [("HighErrorRate", "critical", 0), ("ErrorRateAnomaly", "critical", 60), ("ApdexLow", "warning", 200)]
    told = []
    for number, (name, severity, seconds) in enumerate(began):
        begins = now - (720 if is_over else 0) - 60 + seconds
        alert = {
            "status": "resolved" if is_over and number < 2 else "firing",
            "fingerprint": f"{number:016x}",
            "labels": {"alertname": name, "severity": severity, "project": "checkout"},
            "startsAt": _written(begins),
            **({"endsAt": _written(now - 30 * number)} if is_over and number < 2 else {}),
        }
        told.append(alert)
    assert exporter.post("/api/alerts", {"version": "4", "status": "firing", "alerts": told}).status < 300


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _scraped(text: str, now: float, target: str) -> list[str]:
    found = []
    for line in text.splitlines():
        if match := _SAMPLE.fullmatch(line):
            name, labels, value = match.groups()
            inner = f"{labels[1:-1]},{target}" if labels and labels != "{}" else target
            found.append(f"{name}{{{inner}}} {value} {now:.3f}")
    if "errtally" in target:
        found.append(f"up{{{target}}} 1 {now:.3f}")
    return found


def backfill(folder: Path, hour: Hour) -> None:
    """Make blocks of what was scraped, in the folder of Prometheus' data."""
    text = folder / "scraped.txt"
    text.write_text("\n".join([*hour.lines, "# EOF\n"]))
    _promtool("create-blocks-from", "openmetrics", str(text), str(folder / "data"), folder=folder)


def backfill_rules(folder: Path, hour: Hour, rules: Mapping[str, str], address: str) -> None:
    """Make blocks of what rules record, from a Prometheus that has what they read."""
    for name, content in rules.items():
        (folder / name).write_text(content)
    span = [f"--start={hour.start - QUIET_SECONDS / 2:.0f}", f"--end={hour.end:.0f}", f"--url=http://{address}"]
    _promtool(
        "create-blocks-from", "rules", *span, "--output-dir=data", "--eval-interval=30s", *rules, folder=folder
    )  # fmt: skip


def _promtool(*arguments: str, folder: Path) -> None:
    done = subprocess.run(
        [peer("promtool"), "tsdb", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


_BEGAN = "timestamp(max without (alertstate) (ALERTS)) unless max without (alertstate) (ALERTS offset 30s)"
_SINCE = {
    "record": "ALERTS_FOR_STATE",
    "expr": f"max_over_time(({_BEGAN})[1h:30s]) and max without (alertstate) (ALERTS)",
}
SINCE = {"since.rules.yml": json.dumps({"groups": [{"name": "since", "rules": [_SINCE]}]})}
"""Since when alerts fire, from what `alerts_as_records` recorded."""


def alerts_as_records(rules: Mapping[str, str]) -> dict[str, str]:
    """Return rules that record what Prometheus shows of alerts: those that fire, as long as they are held."""
    groups = []
    for name, text in rules.items():
        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                if "alert" in rule:
                    groups += _as_records(name, group["name"], rule)
    return {"alerts.rules.yml": json.dumps({"groups": groups})}


def _as_records(file: str, group: str, rule: dict[str, Any]) -> list[dict[str, Any]]:
    step = 30
    wait, hold = (parse_duration(rule.get(key, "0s")) for key in ("for", "keep_firing_for"))
    labels = {"alertname": rule["alert"], **{k: v for k, v in rule["labels"].items() if "{{" not in v}}
    fires = f"(({rule['expr']}) * 0 + 1)"
    if wait >= step:
        fires = f"(count_over_time({fires}[{wait + step}s:{step}s]) > {wait // step - 1})"
    if hold:
        fires = f"max_over_time(({fires})[{hold}s:{step}s])"
    firing = {"record": "ALERTS", "expr": f"({fires}) * 0 + 1", "labels": {**labels, "alertstate": "firing"}}
    return [{"name": f"{file} {group} {rule['alert']}", "rules": [firing]}]

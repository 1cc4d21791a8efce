"""Comparisons without a server: grouping, the analyser, lines to counters, exposition, the client."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import prometheus_client
from prometheus_client import generate_latest

from errtally.config.grouping import GroupingSettings
from errtally.event.model import Event
from errtally.exporter.bench import scrape
from errtally.exporter.bench.peers.programs import cpu_seconds, program
from errtally.exporter.bench.peers.row import NotMeasuredError, Row, in_turns
from errtally.exporter.bench.series import Filled
from errtally.exporter.bench.work import BATCH_EVENTS, events
from errtally.exporter.digest.budget import Budget
from errtally.exporter.grouping.grouper import Grouper
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from errtally.exporter.bench.peers.programs import Environment

SERIES = 100_000
CHANGED_SHARE = 0.1
LINES = 50_000
PACKAGES_READ = ("asyncio", "concurrent", "email", "http", "json", "logging", "multiprocessing", "unittest", "urllib")
"""Packages of Python's own library that the analysers read."""

_DRAIN3 = """
import json, sys, time
from drain3 import TemplateMiner
messages = json.load(open(sys.argv[1]))
miner = TemplateMiner()
began = time.process_time()
for message in messages:
    miner.add_log_message(message)
print((time.process_time() - began) / len(messages) * 1e6)
"""
_MTAIL = """
counter events by level, type
/"level":\\s*"(?P<level>\\w+)".*"type":\\s*"(?P<type>[^"]+)"/ {
  events[$level][$type]++
}
"""


def exposition(folder: Path) -> Row:
    """A scrape of a tenth of changed series beside prometheus_client's exposition of the same ones."""
    filled = Filled(folder, SERIES)
    view, now = StoreView(SqliteDatabase(folder), folder, Budget({})), time.time()
    body = view.render(now, openmetrics=False)
    registry, change = scrape.as_library_metrics(body.decode())
    prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

    def ours() -> float:
        filled.change(CHANGED_SHARE)
        return scrape.timed(lambda: view.render(now, openmetrics=False))[1]

    def theirs() -> float:
        change(CHANGED_SHARE)
        return scrape.timed(lambda: generate_latest(registry))[1]

    try:
        peer = f"prometheus_client {version('prometheus-client')}"
        work = f"/metrics, {SERIES:,} series, {CHANGED_SHARE:.0%} changed"
        return in_turns(work, "CPU ms", ours, peer, theirs, "without its _created series, which would double it")
    finally:
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
        filled.close()


def grouping(folder: Path, environment: Environment) -> Row:
    """Messages to issues beside Drain3, which makes templates of log lines."""
    peer = environment.need("drain3")
    messages = [json.loads(event)["message"] for event in events()]
    path = folder / "messages.json"
    path.write_text(json.dumps(messages))

    def ours() -> float:
        grouper = Grouper(GroupingSettings())
        found = [Event(event_id="", timestamp=0.0, message=message) for message in messages]
        began = time.process_time()
        for event in found:
            grouper.group("bench", event)
        return (time.process_time() - began) / len(messages) * 1e6

    def theirs() -> float:
        command = [str(environment.bin / "python"), "-c", _DRAIN3, str(path)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (ours)
        if done.returncode:
            raise NotMeasuredError(done.stderr.strip()[-300:])
        return float(done.stdout)

    note = "every message is new to both; errtally also works out former versions' fingerprints of each new issue"
    return in_turns("grouping a message that is new", "CPU us", ours, peer, theirs, note)


def analyser(environment: Environment, peer: str) -> Row:
    """The analyser beside ruff or pylint with their rules about handling of errors, on the same files."""
    named = environment.need(peer)
    folder = Path(sysconfig.get_path("stdlib"))
    paths = [str(folder / package) for package in PACKAGES_READ]
    lines = sum(path.read_bytes().count(b"\n") for name in paths for path in Path(name).rglob("*.py"))
    rules = {
        "ruff": ["check", "--isolated", "--no-cache", "--select", "BLE,E722,S110,S112,TRY,G,LOG,RET,B904,B012"],
        "pylint": ["--disable=all", "-j1", "--enable=W0702,W0707,W0718,W0719,W0150,W0134,W1203,W1202,W0705"],
    }[peer]
    found = range(256)

    def ours() -> float:
        command = [sys.executable, "-m", "errtally", "analyse", "--format", "json", *paths]
        return cpu_seconds(command, codes=tuple(found)) / lines * 1e6

    def theirs() -> float:
        return cpu_seconds([str(environment.bin / peer), *rules, *paths], codes=tuple(found)) / lines * 1e6

    note = "start included; ours has checks of flow, retries and secrets beside"
    return in_turns(f"analysing {lines:,} lines of Python", "CPU us a line", ours, named, theirs, note)


def lines_to_counters(folder: Path) -> Row:
    """Native events in batches, durable and grouped, beside mtail counting the same lines by two labels."""
    found = program("mtail")
    said = subprocess.run([found, "--version"], check=False, capture_output=True, text=True)  # noqa: S603
    peer = (said.stdout or said.stderr).split(",")[0].strip() or "mtail"
    single = events()
    log, rules = folder / "events.log", folder / "events.mtail"
    log.write_bytes(b"".join(single[index % len(single)] + b"\n" for index in range(LINES)))
    rules.write_text(_MTAIL)

    def ours() -> float:
        command = [sys.executable, "-m", "errtally.exporter.bench.path", "native-batch", str(LINES // BATCH_EVENTS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 (ours)
        microseconds: float = json.loads(done.stdout)["microseconds"]
        return microseconds

    def theirs() -> float:
        command = [found, "--one_shot", "--progs", str(rules), "--logs", str(log), "--log_dir", str(folder)]
        return cpu_seconds(command, environment={"GOMAXPROCS": "1"}) / LINES * 1e6

    note = "mtail applies one regular expression and forgets at its end; errtally decodes, scrubs, groups and stores"
    return in_turns("a line of 0.5 KB to counters", "CPU us a line", ours, peer, theirs, note)

"""The configuration is read again on demand, without losing an event; a wrong one changes nothing."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.faults.processes import workers
from tests.flow.exporter import Exporter, running
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

ONE = "projects:\n  - {name: first, keys: [k1]}\n"
TWO = ONE + "  - {name: second, keys: [k2], environments: [live]}\n"
JSON = {"Content-Type": "application/json"}


def _send(exporter: Exporter, key: str) -> int:
    return exporter.post("/api/events", b'{"message":"x"}', {"Authorization": f"Bearer {key}"})[0]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _until_taken(exporter: Exporter, key: str) -> None:
    until(lambda: _send(exporter, key) == 200, lambda: exporter.log.read_text()[-2000:])


def test_a_project_is_added_by_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "errtally.yml"
    file.write_text(ONE)
    with running(tmp_path, "--config", str(file)) as exporter:
        assert (_send(exporter, "k1"), _send(exporter, "k2")) == (200, 403)
        file.write_text(TWO)
        assert exporter.post("/-/reload", b"{}", JSON)[0] == 200
        _until_taken(exporter, "k2")
        assert _send(exporter, "k1") == 200
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS) == 3
        zero = (names.NEW_ISSUES.name, frozenset({("project", "second"), ("environment", "live")}))
        assert exporter.series()[zero] == 0, "its series are there before its first event"


def test_a_wrong_configuration_is_refused_and_the_old_one_stays(tmp_path: Path) -> None:
    file = tmp_path / "errtally.yml"
    file.write_text(ONE)
    with running(tmp_path, "--config", str(file)) as exporter:
        file.write_text("projects:\n  - {name: first, kyes: [k1]}\n")
        status, answer = exporter.post("/-/reload", b"{}", JSON)
        assert status == 400
        assert b"errtally.yml:2: projects[0]: unknown key 'kyes'" in answer
        # Also when the signal is sent by hand. It is done with when the second one is seen to.
        before = [worker.pid for worker in workers(exporter)]
        for times in (1, 2):
            os.kill(exporter.pid, signal.SIGHUP)
            until(lambda times=times: exporter.log.read_text().count("configuration not reloaded") == times)
        assert [worker.pid for worker in workers(exporter)] == before, "there is nothing to renew them for"
        _until_taken(exporter, "k1")


def test_a_reload_can_not_be_asked_for_by_another_sites_form(tmp_path: Path) -> None:
    with running(tmp_path) as exporter:
        assert exporter.post("/-/reload", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"})[0] == 403


def test_events_are_scrubbed_as_the_file_says_after_a_reload(tmp_path: Path) -> None:
    file = tmp_path / "errtally.yml"
    file.write_text(ONE)
    with running(tmp_path, "--config", str(file)) as exporter:
        before = set(psutil.Process(exporter.pid).children(recursive=True))
        file.write_text(TWO + "scrubbing: {patterns: ['ORD-[0-9]+']}\n")
        assert exporter.post("/-/reload", b"{}", JSON)[0] == 200
        _until_taken(exporter, "k2")  # by the new worker, beside which the old one may go on for a moment
        workers = [process for process in before if "resource_tracker" not in " ".join(_command(process))]
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE_SECONDS)
        assert not alive
        event = b'{"message":"no stock for ORD-500"}'
        assert exporter.post("/api/events", event, {"Authorization": "Bearer k1"})[0] == 200
        exporter.wait_until_folded()
        (issue,) = exporter.get_json("/api/issues?project=first")["issues"]
        page = exporter.get(f"/issues/{issue['issue']}?project=first").decode()
        assert "no stock for [REDACTED]" in page
        assert "ORD-500" not in page

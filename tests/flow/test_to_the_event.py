"""What a real Prometheus has equals what was sent, to the event: born late, restarted, evicted and come back.

Numbers are compared as differences of what Prometheus stored, since `increase()` guesses beyond its samples; shares as
the rules reckon them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.flow.clocks import faked
from tests.flow.exporter import Exporter
from tests.flow.programs import prometheus
from tests.flow.test_series import one, query
from tests.newest_programs import newest
from tests.waiting import until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.flow, pytest.mark.alone]

NOBODY = "127.0.0.1:9"
STARTS_OF_COUNTERS = "created-timestamp-zero-ingestion"
ALL = "[10m]"


def configured(folder: Path) -> str:
    """Write the configuration of an exporter and make a folder for Prometheus."""
    config = {
        "alerting": {"scrape_interval": "1s"},
        "series_limits": {names.EVENTS.name: 2},
        "series_idle_seconds": 300,
    }
    path = folder / "errtally.yml"
    path.write_text(yaml.safe_dump(config))
    (folder / "prometheus").mkdir()
    return str(path)


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[Exporter]:
    started = Exporter(tmp_path, "--config", configured(tmp_path))
    started.start()
    yield started
    started.stop()


def requests(exporter: Exporter, project: str, *sent: tuple[str, int]) -> None:
    rows = [{"transaction": name, "duration_seconds": 0.1, "status": status} for name, status in sent]
    status, answer = exporter.post(f"/api/requests?project={project}", json.dumps({"requests": rows}).encode())
    assert status == 200, answer


def events(exporter: Exporter, type_: str, count: int) -> None:
    body = {"events": [{"message": "lost", "type": type_}] * count}
    status, answer = exporter.post("/api/events?project=shop", json.dumps(body).encode())
    assert status == 200, answer


def sessions(exporter: Exporter, release: str, **ended: int) -> None:
    """Report sessions of a release as Sentry's clients do, by how they ended."""
    started = datetime.now(UTC).isoformat()
    payload = {"attrs": {"release": release}, "aggregates": [{"started": started, **ended}]}
    body = "\n".join(["{}", '{"type": "sessions"}', json.dumps(payload)]).encode()
    status, answer = exporter.post("/api/shop/envelope/?sentry_key=any", body)
    assert status == 200, answer


def grown(address: str, selector: str) -> float:
    """How much what matches has grown, from the first sample to the last, as Prometheus stored it."""
    return one(address, f"sum(max_over_time({selector}{ALL}) - min_over_time({selector}{ALL}))")


def scraped(address: str, expression: str, value: float) -> None:
    until(
        lambda: one(address, expression) == value, lambda: f"{expression} is {query(address, expression)}, not {value}"
    )


def test_shares_are_exact_over_many_transactions_a_project_born_late_and_a_restart(
    tmp_path: Path, exporter: Exporter
) -> None:
    total = names.SERVICE_REQUESTS.name
    with prometheus(tmp_path / "prometheus", {}, target=exporter.listen, alertmanager_address=NOBODY) as address:
        scraped(address, names.UP.name, 1)
        # Each transaction is seen once: every one of its series is born with its only value.
        for number in range(100):
            requests(exporter, "shop", (f"/page/{number}", 500 if number % 5 < 2 else 200))
        scraped(address, f'sum({total}{{project="shop"}})', 100)
        requests(exporter, "late", *[("/", 500)] * 50)
        scraped(address, f'sum({total}{{project="late"}})', 50)
        exporter.kill()
        exporter.start()
        requests(exporter, "shop", *[("/again", 500)] * 30)
        scraped(address, f'sum({total}{{project="shop"}})', 130)
        assert grown(address, f'{total}{{project="shop"}}') == 130
        assert grown(address, f'{total}{{project="shop", status_class="5xx"}}') == 70
        assert grown(address, f'{total}{{project="late"}}') == 50
        shares = query(
            address,
            f'sum by (project) (rate({total}{{status_class="5xx"}}{ALL})) / sum by (project) (rate({total}{ALL}))',
        )
        assert shares == {
            '{"project": "shop"}': pytest.approx(70 / 130, rel=1e-3),
            '{"project": "late"}': pytest.approx(1.0),
        }


def test_shares_of_crashes_are_exact_for_a_release_whose_first_report_has_all_of_them(
    tmp_path: Path, exporter: Exporter
) -> None:
    total = names.SESSIONS.name
    with prometheus(tmp_path / "prometheus", {}, target=exporter.listen, alertmanager_address=NOBODY) as address:
        scraped(address, names.UP.name, 1)
        sessions(exporter, "shop@1", exited=40)
        sessions(exporter, "shop@2", exited=30, crashed=7, errored=3)
        scraped(address, f'sum({total}{{status="started"}})', 80)
        # One more status, of a release that is there: its first value counts as well.
        sessions(exporter, "shop@1", abnormal=2)
        scraped(address, f'sum({total}{{status="abnormal"}})', 2)
        for release, status, count in [
            ("shop@1", "started", 42),
            ("shop@1", "crashed", 0),
            ("shop@1", "abnormal", 2),
            ("shop@2", "started", 40),
            ("shop@2", "crashed", 7),
            ("shop@2", "errored", 3),
        ]:
            assert grown(address, f'{total}{{release="{release}", status="{status}"}}') == count, (release, status)


def test_a_series_that_was_evicted_and_comes_back_grows_by_what_came(tmp_path: Path) -> None:
    of_a, offset = f'{names.EVENTS.name}{{type="A"}}', tmp_path / "offset"
    offset.write_text("+0\n")
    exporter = Exporter(tmp_path, "--config", configured(tmp_path), environ=faked(tmp_path, offset))
    exporter.start()
    try:
        with prometheus(tmp_path / "prometheus", {}, target=exporter.listen, alertmanager_address=NOBODY) as address:
            scraped(address, names.UP.name, 1)
            events(exporter, "A", 50)
            events(exporter, "B", 1)
            scraped(address, of_a, 50)
            # With the clock moved on, what was idle gives its place to what comes.
            offset.write_text("+400s\n")
            events(exporter, "C", 1)
            events(exporter, "D", 1)
            until(lambda: not query(address, of_a), "A is still there")
            offset.write_text("+800s\n")
            events(exporter, "A", 3)
            scraped(address, of_a, 53)
            assert grown(address, of_a) == 3
            assert one(address, f"resets({of_a}{ALL})") == 0
            # A rule that looks at less than the time that it was away sees its return as well.
            assert 2.9 < one(address, f"increase({of_a}[8s])") < 5
    finally:
        exporter.stop()


def test_start_timestamps_show_what_series_are_born_with(tmp_path: Path, exporter: Exporter) -> None:
    binary = newest("prometheus")
    with prometheus(
        tmp_path / "prometheus",
        {},
        target=exporter.listen,
        alertmanager_address=NOBODY,
        features=("exemplar-storage", STARTS_OF_COUNTERS),
        binary=binary,
    ) as address:
        scraped(address, names.UP.name, 1)
        events(exporter, "Burst", 40)
        for number in range(20):
            requests(exporter, "shop", (f"/page/{number}", 500))
        scraped(address, f"sum({names.REQUESTS.name})", 20)
        scraped(address, f"sum({names.ISSUE_EVENTS.name})", 40)
        assert grown(address, names.ISSUE_EVENTS.name) == 40
        assert grown(address, names.REQUESTS.name) == 20
        assert grown(address, f"{names.REQUEST_DURATION.name}_count") == 20
        exporter.kill()
        exporter.start()
        events(exporter, "Burst", 2)
        scraped(address, f"sum({names.ISSUE_EVENTS.name})", 42)
        assert grown(address, names.ISSUE_EVENTS.name) == 42
        assert one(address, f"sum(resets({names.ISSUE_EVENTS.name}{ALL}))") == 0

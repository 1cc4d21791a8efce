"""Alerts whose names, severities and identities somebody makes up fill neither the series nor the table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.inprocess import InProcess

from errtally import names
from errtally.exporter.digest.state import MAX_SEVERITIES
from errtally.exporter.store import alerts

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = names.ALERT_DURATION.series_limit
STARTED, ENDED = "2026-11-24T10:00:00Z", "2026-11-24T10:05:00Z"


def alert(number: int, name: str, severity: str = "critical", *, is_firing: bool = True) -> dict[str, Any]:
    return {
        "status": "firing" if is_firing else "resolved",
        "fingerprint": f"{number:016x}",
        "startsAt": STARTED,
        "endsAt": ENDED,
        "labels": {"alertname": name, "severity": severity},
    }


def tell(exporter: InProcess, *alerts: dict[str, Any]) -> None:
    assert exporter.post("/api/alerts", {"version": "4", "alerts": list(alerts)}).status == 200
    exporter.fold()


def shown(exporter: InProcess, name: str) -> list[dict[str, str]]:
    return [dict(labels) for (sample, labels) in exporter.series() if sample == name]


@pytest.mark.parametrize("is_firing", [True, False])
def test_made_up_names_count_as_others_beyond_the_limit(exporter: InProcess, *, is_firing: bool) -> None:
    tell(exporter, alert(0, "HighErrorRate"), alert(0, "HighErrorRate", is_firing=False))
    tell(exporter, *(alert(number, f"made-up-{number}", is_firing=is_firing) for number in range(1, LIMIT + 300)))
    tell(exporter, alert(5000, "HighErrorRate"), alert(5000, "HighErrorRate", is_firing=False))
    assert len(shown(exporter, names.ALERTS.name)) == LIMIT + 1
    assert exporter.total(names.ALERTS.name, alertname="made-up-3") == int(is_firing)
    assert exporter.total(names.ALERTS.name) == (LIMIT + 299 if is_firing else 0)
    ended = f"{names.ALERT_DURATION.name}_count"
    assert exporter.total(ended, alertname="HighErrorRate", severity="critical") == 2
    assert exporter.total(ended) == (2 if is_firing else LIMIT + 301)
    assert exporter.total(names.SERIES.name, project="", metric=names.ALERT_DURATION.name) == LIMIT
    assert exporter.total(names.SERIES_OVERFLOW.name, metric=names.ALERT_DURATION.name) == 300


@pytest.mark.parametrize("name", names.EVENT_ALERTS)
def test_what_happened_once_has_no_duration(exporter: InProcess, name: str) -> None:
    tell(exporter, alert(1, name), alert(2, "HighErrorRate"))
    tell(exporter, alert(1, name, is_firing=False), alert(2, "HighErrorRate", is_firing=False))
    ended = f"{names.ALERT_DURATION.name}_count"
    assert exporter.total(ended, alertname="HighErrorRate") == 1
    assert exporter.total(ended, alertname=name) == 0


def test_made_up_severities_are_one(exporter: InProcess) -> None:
    tell(exporter, *(alert(number, "A", f"made-up-{number}") for number in range(100)))
    severities = {labels["severity"] for labels in shown(exporter, names.ALERTS.name)}
    assert len(severities) == MAX_SEVERITIES - len(names.SEVERITIES) + 1
    tell(exporter, alert(500, "A", "critical"))
    assert exporter.total(names.ALERTS.name, severity="critical") == 1
    assert exporter.total(names.ALERTS.name, severity=names.OTHER) == 100 - (MAX_SEVERITIES - len(names.SEVERITIES))


def test_the_limits_hold_after_a_restart(tmp_path: Path) -> None:
    exporter = InProcess(tmp_path)
    tell(exporter, *(alert(number, f"old-{number}", f"s{number}") for number in range(LIMIT + 10)))
    before = len(shown(exporter, names.ALERTS.name))
    exporter.close()
    again = InProcess(tmp_path)
    tell(again, *(alert(number + 1000, f"new-{number}", f"t{number}") for number in range(50)))
    assert len(shown(again, names.ALERTS.name)) == before
    again.close()


def test_the_table_of_alerts_is_bounded_and_what_ended_goes_first(
    exporter: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MAX_ALERTS", 50)
    tell(exporter, *(alert(number, "A") for number in range(30)))
    tell(exporter, *(alert(100 + number, "B", is_firing=False) for number in range(40)))
    assert exporter.total(names.ALERTS.name, alertname="A") == 30
    tell(exporter, *(alert(200 + number, "C") for number in range(45)))
    assert exporter.total(names.ALERTS.name) == 50
    assert exporter.total(names.ALERTS.name, alertname="C") == 45


def test_what_is_kept_of_an_alert_is_small(exporter: InProcess) -> None:
    huge = alert(1, "A")
    huge["labels"] |= {"x" * 10_000 + str(number): "y" * 10_000 for number in range(100)}
    huge["annotations"] = {"summary": "z" * 100_000}
    tell(exporter, huge)
    assert exporter.total(names.ALERTS.name, alertname="A", severity="critical") == 1
    size = exporter.writer._store._db.execute("SELECT sum(length(labels) + length(summary)) FROM alerts").fetchone()[0]
    assert size < 15_000
    assert len(json.dumps(huge)) > 1_000_000

"""Incidents through the generated rules and a real Alertmanager: at most one page an outage, none false, none missed.

A line reads: receiver, kind, alerts. Repetitions of what goes on are part of its line. Receivers that end with
``-events`` never hear that something is resolved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.flow.delivering import deliver
from tests.newest_programs import newest
from tests.peers import peer
from tests.rules import incidents

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.flow, pytest.mark.alone]


@pytest.fixture(params=["the machine's own", "the newest"])
def binary(request: pytest.FixtureRequest) -> Path:
    """Path of Alertmanager's program."""
    return peer("alertmanager") if request.param == "the machine's own" else newest("alertmanager")


def _of(told: list[str], receiver: str) -> list[str]:
    return [line.removeprefix(f"{receiver}: ") for line in told if line.startswith(f"{receiver}: ")]


@pytest.mark.parametrize(
    ("objective", "alerts"),
    [
        pytest.param("0.99", "ErrorRateAnomaly HighErrorRate", id="99 %"),
        pytest.param("0.999", "ErrorBudgetBurn ErrorRateAnomaly HighErrorRate", id="99.9 %"),
    ],
)
def test_a_deploy_that_breaks_a_service_is_one_incident_that_closes(
    tmp_path: Path, binary: Path, objective: str, alerts: str
) -> None:
    settings = f"  slos: [{{name: up, objective: {objective}}}]"
    told = _of(deliver(tmp_path, incidents.broken_deploy(), settings=settings, binary=binary), "pagerduty")
    assert told == [f"firing {alerts}", f"resolved {alerts}"]


@pytest.mark.parametrize("project", ["".join(incidents.HOSTILE_PROJECTS)])
def test_labels_of_any_kind_page_and_end(tmp_path: Path, binary: Path, project: str) -> None:
    settings = f"{incidents.NO_ANOMALIES}\n  slos: []"
    told = deliver(tmp_path, incidents.outage_of(project), settings=settings, binary=binary)
    assert _of(told, "pagerduty") == ["firing HighErrorRate", "resolved HighErrorRate"]


def test_an_exporter_that_is_away_pages_once_and_an_overdue_job_stays_overdue(tmp_path: Path) -> None:
    assert deliver(tmp_path, incidents.exporter_away()) == [
        "email: firing CheckInMissedx2",
        "email: resolved CheckInMissedx2",
        "pagerduty: firing TargetDown",
        "pagerduty: resolved TargetDown",
        "slack: firing CheckInMissedx2",
        "slack: firing TargetDown",
        "slack: resolved TargetDown",
        "slack: resolved CheckInMissedx2",
    ]


def test_of_two_exporters_one_goes_away_and_nothing_but_that_is_told(tmp_path: Path) -> None:
    told = deliver(tmp_path, incidents.one_of_two_exporters_away(), settings="  exporters: independent")
    assert told == [
        "email: firing CheckInMissed",
        "pagerduty: firing TargetDown",
        "pagerduty: resolved TargetDown",
        "slack: firing CheckInMissed",
        "slack: firing TargetDown",
        "slack: resolved TargetDown",
    ]


def test_a_rare_fatal_issue_beside_a_noisy_one_is_told_and_nothing_is_resolved(tmp_path: Path) -> None:
    told = deliver(tmp_path, incidents.noisy_and_rare(), files="errtally")
    assert _of(told, "slack-events") == ["firing NewIssuex2"]
    assert "resolved" not in " ".join(told)


def test_a_rate_that_wavers_about_its_threshold_is_one_page(tmp_path: Path) -> None:
    told = deliver(tmp_path, incidents.wavering(), settings=incidents.NO_ANOMALIES)
    assert _of(told, "pagerduty") == ["firing HighErrorRate", "resolved HighErrorRate"]


def test_a_job_that_fails_is_told_once_and_one_that_is_missed_until_it_reports(tmp_path: Path) -> None:
    told = deliver(tmp_path, incidents.jobs())
    assert [line for line in told if line.startswith("email")] == [
        "email: firing CheckInMissed",
        "email: resolved CheckInMissed",
        "email-events: firing CheckInFailed",
    ]


def test_two_hundred_new_issues_are_one_message(tmp_path: Path, binary: Path) -> None:
    assert deliver(tmp_path, incidents.many_issues(), files="errtally", binary=binary) == [
        "email-events: firing NewIssuex200",
        "slack-events: firing NewIssuex200",
    ]


def test_what_came_while_prometheus_was_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    history = incidents.news_while_prometheus_was_away()
    told = deliver(tmp_path, history, files="errtally", away=incidents.PROMETHEUS_AWAY)
    assert _of(told, "slack-events") == ["firing NewIssuex2"]
    assert "resolved" not in " ".join(told)


def test_an_outage_on_the_first_day_is_one_incident_that_closes(tmp_path: Path) -> None:
    told = deliver(tmp_path, incidents.first_day())
    assert [line.split(" ")[0] for line in _of(told, "pagerduty")] == ["firing", "resolved"]
    assert not [line for line in told if "Exhausted" in line or "Slow" in line]

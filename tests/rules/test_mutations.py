"""Every limit of every alert is held by a test: moved by a tenth, it makes a generated test of that alert fail."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.peers import peer

from errtally import config
from errtally.config.alerting import alerting
from errtally.rules.alerts import ALERTS
from errtally.rules.rule_groups import rule_groups
from errtally.rules.settings import rule_settings
from errtally.rules.unit_tests import unit_tests

if TYPE_CHECKING:
    from pathlib import Path

    from errtally.rules.model import AlertRule
    from errtally.rules.rule_settings import RuleSettings

SETTINGS = alerting(config.parse("alerting: {monitors: [{monitor: backup-*, interval: 2h}]}", "f"))

_LIMITS = [
    pytest.param(rule, limit, factor, id=f"{rule.name}: {limit} x {factor}")
    for rule in ALERTS
    for limit in ("threshold", "minimum")
    if getattr(rule.defaults, limit) is not None
    for factor in (0.9, 1.1)
]


def _passes(folder: Path, rule: AlertRule, broken: RuleSettings) -> bool:
    """Run the rule's own tests on its queries with broken settings; its texts stay, so that only queries can fail."""
    settings = rule_settings(rule, SETTINGS)
    mutant = replace(rule, expr=lambda _: rule.expr(broken), recordings=lambda _: rule.recordings(broken))
    (group,) = rule_groups({mutant: settings}, SETTINGS)
    ((name, tests),) = unit_tests({rule: settings}, SETTINGS).items()
    (folder / f"{rule.group}.rules.yml").write_text(yaml.safe_dump({"groups": [group]}))
    (folder / name).write_text(yaml.safe_dump(tests))
    done = subprocess.run(
        [peer("promtool"), "test", "rules", name], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 or f"alertname: {rule.name}" in done.stdout + done.stderr, done.stdout + done.stderr
    return done.returncode == 0


@pytest.mark.parametrize(("rule", "limit", "factor"), _LIMITS)
def test_a_limit_that_moves_by_a_tenth_is_noticed(tmp_path: Path, rule: AlertRule, limit: str, factor: float) -> None:
    settings = rule_settings(rule, SETTINGS)
    broken = replace(settings, **{limit: getattr(settings, limit) * factor})
    assert not _passes(tmp_path, rule, broken)


def test_the_interval_of_a_monitor_that_moves_by_a_tenth_is_noticed(tmp_path: Path) -> None:
    rule = next(rule for rule in ALERTS if rule.name == "CheckInMissed")
    settings = rule_settings(rule, SETTINGS)
    assert _passes(tmp_path, rule, settings)
    for factor in (0.9, 1.1):
        monitor = replace(settings.monitors[0], interval_seconds=round(settings.monitors[0].interval_seconds * factor))
        assert not _passes(tmp_path, rule, replace(settings, monitors=(monitor,)))

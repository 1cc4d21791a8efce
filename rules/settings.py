"""Apply the configuration to the rules: defaults, changes, and what the changes may not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.channels import CHANNELS
from errtally.config.duration import parse_duration
from errtally.errors import ConfigError
from errtally.rules.alerts import ALERTS
from errtally.rules.model import Tuned

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting, RuleChange
    from errtally.rules.model import AlertRule

_STEPS_SECONDS = (30, 15, 10, 5, 2, 1)
_SAMPLES_A_WINDOW = 4
_SHORTEST_WINDOW_SECONDS = parse_duration("4s")


def tuned_rules(alerting: Alerting) -> dict[AlertRule, Tuned]:
    """Return every enabled rule with its settings, in the order of `ALERTS`.

    Raises:
        ConfigError: a change names no rule, or does not fit the rule; lists all of them.
    """
    known = {rule.name: rule for rule in ALERTS}
    problems = [
        f"alerting.rules.{name}: there is no such rule; known are {', '.join(known)}"
        for name in alerting.rules
        if name not in known
    ]
    step_seconds = _step_seconds(alerting)
    rules: dict[AlertRule, Tuned] = {}
    for rule in ALERTS:
        change = alerting.rules.get(rule.name)
        if change is not None:
            problems += _misfits(rule, change)
            if not change.enabled:
                continue
        tuned = _tuned(rule, change, alerting, step_seconds)
        if problem := rule.problem(tuned):
            problems.append(f"alerting.rules.{rule.name}: {problem}")
        rules[rule] = tuned
    if problems:
        raise ConfigError(problems)
    return rules


def threshold(alerting: Alerting, rule: AlertRule) -> float:
    """Return a rule's threshold, which dashboards draw even where the rule itself is switched off."""
    change = alerting.rules.get(rule.name)
    return _tuned(rule, change, alerting, _STEPS_SECONDS[0]).threshold


def _tuned(rule: AlertRule, change: RuleChange | None, alerting: Alerting, step_seconds: int) -> Tuned:
    default = rule.defaults
    limit = default.threshold if change is None or change.threshold is None else change.threshold
    window = default.window_seconds if change is None or change.window_seconds is None else change.window_seconds
    names = default.channels if change is None or change.channels is None else change.channels
    return Tuned(
        severity=default.severity if change is None or change.severity is None else change.severity,
        channels=tuple(name for name in CHANNELS if name in names),
        for_seconds=default.for_seconds if change is None or change.for_seconds is None else change.for_seconds,
        threshold=0.0 if limit is None else limit,
        window_seconds=0 if window is None else window,
        keep_firing_seconds=alerting.cooldown_seconds if default.has_cooldown else 0,
        step_seconds=step_seconds,
    )


def _step_seconds(alerting: Alerting) -> int:
    """The longest step of the tests with which the shortest window still holds enough samples for a rate."""
    windows = [rule.defaults.window_seconds for rule in ALERTS if rule.defaults.window_seconds]
    windows += [change.window_seconds for change in alerting.rules.values() if change.window_seconds]
    shortest = min(windows)
    return next((step for step in _STEPS_SECONDS if step * _SAMPLES_A_WINDOW <= shortest), _STEPS_SECONDS[-1])


def _misfits(rule: AlertRule, change: RuleChange) -> list[str]:
    place = f"alerting.rules.{rule.name}"
    found = []
    if change.threshold is not None and rule.defaults.threshold is None:
        found.append(f"{place}.threshold: this rule has no threshold")
    if change.window_seconds is not None:
        if rule.defaults.window_seconds is None:
            found.append(f"{place}.window: this rule looks at the present value; `for` says how long it must hold")
        elif change.window_seconds < _SHORTEST_WINDOW_SECONDS:
            found.append(f"{place}.window: must be at least {_SHORTEST_WINDOW_SECONDS}s")
    if rule.defaults.severity == "none" and (change.severity is not None or change.channels is not None):
        found.append(f"{place}: it is meant for a heartbeat service only and has neither severity nor channels")
    return found

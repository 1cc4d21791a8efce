"""Apply the configuration to the rules: defaults, changes, and what the changes may not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.alerting import RuleChange
from errtally.config.channels import CHANNELS
from errtally.config.duration import parse_duration
from errtally.errors import ConfigError
from errtally.rules.alerts import ALERTS
from errtally.rules.rule_settings import RuleSettings

if TYPE_CHECKING:
    from errtally.config.alerting import Alerting
    from errtally.rules.model import AlertRule

_STEPS_SECONDS = (1800, 900, 300, 120, 60, 30, 15, 10, 5, 2, 1)
_SAMPLES_A_WINDOW = 4
_SHORTEST_WINDOW_SECONDS = parse_duration("4s")


def enabled_rules(alerting: Alerting) -> dict[AlertRule, RuleSettings]:
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
    rules: dict[AlertRule, RuleSettings] = {}
    for rule in ALERTS:
        change = alerting.rules.get(rule.name)
        if change is not None:
            problems += _misfits(rule, change)
            if not change.enabled:
                continue
        if not rule.is_due(alerting):
            continue
        settings = rule_settings(rule, alerting)
        if problem := rule.problem(settings):
            problems.append(f"alerting.rules.{rule.name}: {problem}")
        rules[rule] = settings
    if problems:
        raise ConfigError(problems)
    return rules


def threshold(alerting: Alerting, rule: AlertRule) -> float:
    """Return a rule's threshold, which dashboards draw even where the rule itself is switched off."""
    return rule_settings(rule, alerting).threshold


def rule_settings(rule: AlertRule, alerting: Alerting) -> RuleSettings:
    """Return a rule's settings after the configuration, whether it is switched on or not."""
    default, change = rule.defaults, alerting.rules.get(rule.name, RuleChange())
    names = change.channels
    if names is None:  # a rule's own say Slack for all chats
        names = (*alerting.chats, *default.channels) if "slack" in default.channels else default.channels
        names = tuple(name for name in names if name != "slack" or "slack" in alerting.chats)
    window_seconds = _first(change.window_seconds, default.window_seconds)
    return RuleSettings(
        severity=change.severity or default.severity,
        channels=tuple(name for name in CHANNELS if name in names),
        for_seconds=int(_first(change.for_seconds, default.for_seconds)),
        threshold=_first(change.threshold, default.threshold),
        window_seconds=int(window_seconds),
        minimum=_first(change.minimum, default.minimum),
        keep_firing_seconds=alerting.cooldown_seconds if default.has_cooldown else 0,
        step_seconds=_step_seconds(rule, int(window_seconds)),
        exporters=alerting.exporters,
        slos=alerting.slos,
        monitors=alerting.monitors,
    )


def _first(*values: float | None) -> float:
    return next((value for value in values if value is not None), 0)


def _step_seconds(rule: AlertRule, window_seconds: int) -> int:
    """The longest step of the rule's tests with which its window still holds enough samples for a rate."""
    longest = window_seconds // _SAMPLES_A_WINDOW if window_seconds else rule.step_seconds
    return next((step for step in _STEPS_SECONDS if step <= min(longest, rule.step_seconds)), _STEPS_SECONDS[-1])


def _misfits(rule: AlertRule, change: RuleChange) -> list[str]:
    place = f"alerting.rules.{rule.name}"
    found = []
    if change.threshold is not None and rule.defaults.threshold is None:
        found.append(f"{place}.threshold: this rule has no threshold")
    if change.minimum is not None and rule.defaults.minimum is None:
        found.append(f"{place}.minimum: this rule has no minimum")
    if change.window_seconds is not None:
        if rule.defaults.window_seconds is None:
            found.append(f"{place}.window: this rule looks at the present value; `for` says how long it must hold")
        elif change.window_seconds < _SHORTEST_WINDOW_SECONDS:
            found.append(f"{place}.window: must be at least {_SHORTEST_WINDOW_SECONDS}s")
    if rule.defaults.severity == "none" and (change.severity is not None or change.channels is not None):
        found.append(f"{place}: it is meant for a heartbeat service only and has neither severity nor channels")
    return found

"""The test cases that every rule with a threshold has: above, below, boundary, no traffic, no data, resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.rules.model import Case, Check
from errtally.rules.rule_settings import SLACK_STEPS
from errtally.rules.series import minimum_bad
from errtally.rules.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.rules.model import ExpectedAlert
    from errtally.rules.rule_settings import RuleSettings
    from errtally.rules.timeline import Levels, Phase

NEAR = 0.04
"""How close to a limit the boundary cases come: a limit that moves by 10 % makes one of them fail."""

PLENTY = 100.0
"""Traffic a step where the amount does not matter, as a multiple of the minimum."""


_AMPLE = 1.1
"""Traffic of a window where its minimum is surely reached, as a multiple of it."""


def threshold_cases(
    settings: RuleSettings,
    levels: Callable[[float, float], Levels],
    firing: Callable[[float], ExpectedAlert],
    *,
    high: float,
    calm: float,
    fires_near: float,
    silent_near: float,
    before: tuple[Phase, ...] = (),
) -> tuple[Case, ...]:
    """Return the cases of a rule that compares one quantity with a threshold.

    Args:
        settings: the rule's settings.
        levels: gives the series for a value of the quantity and an amount of traffic a step.
        firing: the alert that a value gives.
        high: a value far on the firing side.
        calm: a value far on the silent side.
        fires_near: a value just on the firing side.
        silent_near: a value just on the silent side.
        before: what was before, for rules that compare with the past.
    """
    lead = sum(steps for _, steps in before)
    # A past is soon mixed with the present: such a rule is looked at as soon as it can fire.
    steps = settings.settled_steps - (SLACK_STEPS if before else 0)
    at = (lead + steps) * settings.step_seconds
    over = (lead + settings.over_steps) * settings.step_seconds
    least = settings.minimum * settings.step_seconds / (settings.window_seconds or settings.step_seconds)
    traffic = (least or 1.0) * PLENTY

    def held(value: float, amount: float = traffic) -> dict[str, str]:
        return timeline(*before, (levels(value, amount), steps))

    cases = [
        Case("fires far beyond the threshold", held(high), (Check(at, (firing(high),)),)),
        Case("fires just beyond the threshold", held(fires_near), (Check(at, (firing(fires_near),)),)),
        Case("is silent just short of the threshold", held(silent_near), (Check(at),)),
        Case("is silent when all is well", held(calm), (Check(at),)),
        Case("is silent when the metrics are absent", {}, (Check(at),)),
        Case(
            "resolves when it is over and the cooldown has passed",
            timeline(*before, (levels(high, traffic), steps), (levels(calm, traffic), settings.over_steps - steps + 1)),
            (Check(at, (firing(high),)), Check(over)),
        ),
    ]
    if settings.minimum:
        cases += [
            Case("is silent without traffic", held(high, 0.0), (Check(at),)),
            Case("is silent just below the least traffic", held(high, least * (1 - NEAR)), (Check(at),)),
            Case("fires just above the least traffic", held(high, least * (1 + NEAR)), (Check(at, (firing(high),)),)),
        ]
    if settings.for_seconds > settings.step_seconds:
        early = (lead + 1) * settings.step_seconds
        cases.append(Case("waits before it fires", held(high), (Check(early),)))
    return tuple(cases)


def chance_cases(
    settings: RuleSettings,
    levels: Callable[[float, float], Levels],
    firing: Callable[[float], ExpectedAlert],
    value_of: Callable[[float], float],
    *,
    is_beyond: Callable[[float], bool],
    before: tuple[Phase, ...] = (),
) -> tuple[Case, ...]:
    """Return the cases of a rule that pages, of a window that is beyond all of its limits but for `minimum_bad`.

    Args:
        settings: the rule's settings.
        levels: as for `threshold_cases`.
        firing: the alert that a value gives.
        value_of: gives the quantity for a share of what ended badly.
        is_beyond: whether a value is beyond the threshold; where it is not, that alone keeps the rule silent.
        before: what was before, for rules that compare with the past.
    """
    if not settings.minimum:
        return ()
    amount = settings.minimum * _AMPLE
    steps = settings.settled_steps - (SLACK_STEPS if before else 0)
    at = (sum(steps for _, steps in before) + steps) * settings.step_seconds
    cases = []
    for name, times in (
        ("is silent for as few failures as chance brings", 1 - NEAR),
        ("fires for a few more", 1 + NEAR),
    ):
        value = value_of(minimum_bad(settings) * times / amount)
        series = timeline(*before, (levels(value, amount * settings.step_seconds / settings.window_seconds), steps))
        if is_beyond(value):
            cases.append(Case(name, series, (Check(at, (firing(value),) if times > 1 else ()),)))
    return tuple(cases)

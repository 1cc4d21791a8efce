"""What each rule does while its data is missing, in words for its runbook page.

Data is missing when Prometheus can't scrape the exporter (its series end with the first failed scrape), when Prometheus
itself does not run, or when the exporter's store was lost. The words are held by the tests of incidents and of gaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.duration import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.rules.rule_settings import RuleSettings

_WHO_TELLS = "TargetDown or DataAbsent tell of the gap."


def usual(settings: RuleSettings) -> str:
    """What holds for a rule about a share, a rate or a level: it looks at what is there."""
    if settings.keep_firing_seconds:
        ends = (
            f"One that fires goes on for the cooldown of {format_duration(settings.keep_firing_seconds)}, then it ends."
        )
    else:
        ends = "One that fires ends with the last data."
    recent = (
        f" For {format_duration(settings.window_seconds)} after a gap it knows a part of its window only, and reckons"
        " with that part; what clients sent meanwhile is counted when the exporter takes it in."
        if settings.window_seconds
        else ""
    )
    return f"Nothing new fires. {ends} That end is no all-clear: {_WHO_TELLS}{recent}"


def always(text: str) -> Callable[[RuleSettings], str]:
    """The same words whatever the settings are."""
    return lambda _: text


NEWS = always(
    "What came while the exporter or Prometheus was away (up to a day) is told when both are back. An alert that fires"
    " ends with the last data; there is no message about that."
)
STANDS = always(
    "While Prometheus knows the exporter and can't scrape it, the alert stands as it was, for an hour at most; what was"
    f" well then raises nothing. After that it ends. {_WHO_TELLS}"
)
BUDGET = always(
    "What was not measured is not spent: burn rates and budgets count over their whole windows, with nothing for the"
    f" time of the gap. So a gap lowers them, and never raises an alert. {_WHO_TELLS}"
)
IS_ITS_SUBJECT = always(
    "Missing data is what it tells of. While Prometheus itself is down, only the heartbeat's service notices."
)

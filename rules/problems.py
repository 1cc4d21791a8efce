"""What a threshold may not be, for rules of one kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.rules.rule_settings import RuleSettings


def share_below_one(of: str) -> Callable[[RuleSettings], str]:
    """Return the check of a threshold that is a share of something, such as ``requests``."""
    return lambda settings: "" if settings.threshold < 1 else f"the threshold is a share of {of} and must be below 1"


def factor_above_one(settings: RuleSettings) -> str:
    """Say what is wrong with a threshold that multiplies what is usual; "" when nothing is."""
    return "" if settings.threshold > 1 else "the threshold multiplies what is usual and must be above 1"

"""The time that a request is about: ``statsPeriod``, or ``start`` and ``end``. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Mapping

_PERIOD = re.compile(r"(\d{1,6})([smhdw])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


class PeriodError(ErrtallyError):
    """A period can't be read."""


def period_of(parameters: Mapping[str, str], now: float) -> tuple[float | None, float | None]:
    """Return when the time that a request is about begins and ends, seconds since the epoch; None for no limit.

    Args:
        parameters: of the address. Moments without a zone are UTC, as for Sentry.
        now: seconds since the epoch.

    Raises:
        PeriodError: one of them can't be read; the message names it.
    """
    if period := parameters.get("statsPeriod"):
        return now - seconds_of(period, "statsPeriod"), None
    return _moment(parameters, "start"), _moment(parameters, "end")


def seconds_of(period: str, name: str) -> int:
    """Return the length of a period such as ``24h``, seconds.

    Raises:
        PeriodError: it can't be read; ``name`` is the parameter's.
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise PeriodError(f"{name}: {period[:40]!r} is no period such as 30m, 24h, 14d or 2w")
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def _moment(parameters: Mapping[str, str], name: str) -> float | None:
    sent = parameters.get(name)
    if not sent:
        return None
    try:
        # A "+" of a zone that nobody encoded arrives as a space.
        moment = datetime.fromisoformat(sent.replace(" ", "+") if sent.count(" ") == 1 and "T" in sent else sent)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as exc:
        raise PeriodError(f"{name}: {sent[:40]!r} is no date and time") from exc

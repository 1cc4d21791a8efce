"""On paper: what a number of events a second takes, from what one event was measured to cost."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errtally.exporter.bench.fold import Measurement

HEADROOM = 0.7
"""What is planned to be busy at most: the rest is for bursts, and for catching up after a takeover."""

TAKEOVER_SECONDS = 10
"""For so long nobody folds when the exporter that does is gone."""

COPIES_IN_DATABASE = 3
"""What is shipped is written by the database to its log and to the table, and deleted by way of the log."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a demand takes.

    Attributes:
        exporter_cores: to take and to ship, of all exporters together.
        databases: each with exporters of its own and one of them that folds; projects are divided among them.
        bytes_in: a second, from clients to all exporters.
        bytes_to_database: a second, to one database, its copies with it.
        backlog_bytes: that waits in one database after a takeover.
        catch_up_seconds: until that is folded.
    """

    events_per_second: float
    exporter_cores: float
    databases: int
    bytes_in: float
    bytes_to_database: float
    backlog_bytes: float
    catch_up_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return asdict(self)


def plan(cost: Measurement, events_per_second: float) -> Plan:
    """Reckon what a demand takes.

    Args:
        cost: as measured, of the same kind of events.
        events_per_second: of all projects together; each project has a small share.
    """
    databases = max(1, math.ceil(events_per_second / (HEADROOM * cost.events_per_second)))
    share = events_per_second / databases
    waiting, seconds = catch_up(share, cost.events_per_second, TAKEOVER_SECONDS)
    return Plan(
        events_per_second,
        exporter_cores=events_per_second * (cost.take_cpu + cost.ship_cpu) / 1e6 / HEADROOM,
        databases=databases,
        bytes_in=events_per_second * cost.request_bytes,
        bytes_to_database=share * cost.journal_bytes * COPIES_IN_DATABASE,
        backlog_bytes=waiting * cost.journal_bytes,
        catch_up_seconds=seconds,
    )


def catch_up(events_per_second: float, folds_per_second: float, outage_seconds: int) -> tuple[float, float]:
    """Play an outage of the fold second by second.

    Args:
        events_per_second: that come, the whole time.
        folds_per_second: events that are folded while somebody does.
        outage_seconds: for how long nobody does.

    Returns:
        Events that wait at most, and seconds from the end of the outage until none does; infinite when more come than
        are folded.
    """
    if events_per_second >= folds_per_second:
        return math.inf, math.inf
    waiting = most = 0.0
    seconds = 0
    while seconds < outage_seconds or waiting > 0:
        seconds += 1
        waiting += events_per_second
        if seconds > outage_seconds:
            waiting = max(waiting - folds_per_second, 0.0)
        most = max(most, waiting)
    return most, float(seconds - outage_seconds)

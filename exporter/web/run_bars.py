"""The newest runs of a job as a row of bars, the newest at the right: what each is, and how long it took. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.exporter.store.jobs import Run

BAR_STEP, HEIGHT = 6, 20
_LEAST = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One run; sizes in units of the picture."""

    x: int
    y: int
    height: int
    status: str


@dataclass(frozen=True, slots=True)
class Bars:
    """The picture, and what it says in words."""

    width: int
    bars: tuple[Bar, ...]
    text: str


def bars(runs: Sequence[Run], results: Mapping[str, str]) -> Bars:
    """Return the picture of runs.

    Args:
        runs: the newest first.
        results: what the page calls their statuses.
    """
    longest = max((run.seconds or 0.0 for run in runs), default=0.0)
    shown = []
    for place, run in enumerate(reversed(runs)):
        share = (run.seconds or 0.0) / longest if longest else 0.0
        # What failed stands out whatever it took.
        height = HEIGHT if run.status in {"error", "missed", "timeout"} else round(_LEAST + (HEIGHT - _LEAST) * share)
        shown.append(Bar(place * BAR_STEP, HEIGHT - height, height, run.status))
    counts = Counter(results[run.status] for run in runs)
    told = ", ".join(f"{count} {result}" for result, count in counts.most_common())
    return Bars(max(len(shown) * BAR_STEP, 1), tuple(shown), f"last {len(shown)} runs: {told}" if shown else "no runs")

"""One comparison: the same work by ours and by a peer, in turns."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A comparison.

    Attributes:
        work: what both do.
        unit: of the figures, such as ``CPU us a line``; ``is_rate`` says that more is better.
        ours: the median of our turns, None where nothing was measured.
        peer: the peer's name and version.
        theirs: the median of the peer's turns.
        note: what is different all the same, or why nothing was measured.
    """

    work: str
    unit: str
    ours: float | None
    peer: str
    theirs: float | None
    note: str = ""
    is_rate: bool = False
    turns: dict[str, list[float]] = field(default_factory=dict)

    @property
    def times(self) -> float | None:
        """How many times as fast ours is; below 1 the peer is faster."""
        if not self.ours or not self.theirs:
            return None
        return self.ours / self.theirs if self.is_rate else self.theirs / self.ours

    def as_dict(self) -> dict[str, Any]:
        """The row for --json."""
        return {**asdict(self), "times": self.times}


class NotMeasuredError(Exception):
    """A peer is not there, or did not do the work; says why."""


def in_turns(
    work: str, unit: str, ours: Callable[[], float], peer: str, theirs: Callable[[], float], note: str = ""
) -> Row:
    """Measure ours, the peer's, ours again and so on, and ours at last.

    Args:
        work: as `Row`.
        unit: as `Row`.
        ours: does the work once and returns the figure.
        peer: as `Row`.
        theirs: as ``ours``.
        note: as `Row`.
    """
    own, other = [ours()], list[float]()
    try:
        for _ in range(TURNS):
            other.append(theirs())
            own.append(ours())
    except NotMeasuredError as exc:
        return Row(work, unit, statistics.median(own), peer, None, str(exc))
    turns = {"ours": own, "theirs": other}
    return Row(work, unit, statistics.median(own), peer, statistics.median(other), note, turns=turns)

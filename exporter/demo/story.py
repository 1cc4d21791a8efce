"""The story of the demo: a release of one service goes bad, is rolled back, and comes again with its fix.

It is told in stages, each a share of the run. What happens within one is in the files beside this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.exporter.demo.services import Service


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run.

    Attributes:
        begins: share of the run that has passed by then.
        is_broken: whether the bad release is out.
        is_fixed: whether its fix is.
    """

    begins: float
    is_broken: bool = False
    is_fixed: bool = False

    def release(self, service: Service) -> str:
        """Return the release that a service runs."""
        if service.regression is None or not (self.is_broken or self.is_fixed):
            return service.release
        return service.next_release if self.is_broken else service.fixed_release

    def title(self, service: Service) -> str:
        """Return in a few words how the shop is, by the service with the bad release."""
        release = self.release(service)
        if self.is_broken:
            return f"{release} is out, and broken"
        if self.is_fixed:
            return f"{release} is out, with the fix"
        return f"{release} is back" if self.begins else "all as usual"


STAGES = (Stage(0.0), Stage(1 / 3, is_broken=True), Stage(0.55), Stage(0.8, is_fixed=True))
"""Each until the next begins."""

USUAL = STAGES[0]
"""Also the stage of a run without a deploy."""


def stage_at(progress: float) -> Stage:
    """Return the stage of a run that has come so far, 0 to 1."""
    return [stage for stage in STAGES if stage.begins <= progress][-1]

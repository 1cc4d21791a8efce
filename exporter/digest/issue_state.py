"""What the fold needs to know of an issue, held in the writer's memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.exporter.digest.conditions import Condition


@dataclass(slots=True)
class IssueState:
    """What the fold needs to know of an issue."""

    id: int
    status: str
    first_seen: float
    resolved: float | None = None
    regressed: float | None = None
    environments: dict[str, bool] = field(default_factory=dict)
    """Environment to whether the issue has series of its own there."""
    is_decided: bool = False
    """Whether a person decided on it; then it is not merged by itself any more."""
    condition: Condition | None = None
    """What ends its being resolved or ignored by itself."""

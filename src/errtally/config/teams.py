"""Teams (``alerting.teams``): who owns which projects, and where a team's notifications go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from errtally.config.channels import Channels, channels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Team:
    """A team owns the projects that match its globs; a channel that it lacks is that of ``alerting.channels``."""

    name: str
    projects: tuple[str, ...]
    channels: Channels = field(default_factory=Channels)


def teams(entries: Sequence[Mapping[str, Any]], problems: list[str]) -> tuple[Team, ...]:
    """Build the teams from the checked list below ``alerting.teams``; append what is wrong to ``problems``."""
    found: list[Team] = []
    for index, entry in enumerate(entries):
        place = f"alerting.teams[{index}]"
        if entry["name"] in {team.name for team in found}:
            problems.append(f"{place}: there is another team named {entry['name']!r}")
        own = channels(entry.get("channels", {}), "", problems, f"{place}.channels")
        found.append(Team(entry["name"], tuple(entry["projects"]), own))
    return tuple(found)

"""What a team expects of its services: objectives (``alerting.slos``) and scheduled jobs (``alerting.monitors``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from errtally.config.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_DEFAULT_WINDOW = "30d"


@dataclass(frozen=True, slots=True)
class Slo:
    """A service level objective.

    Attributes:
        name: its name, which series and alerts carry as the label ``slo``.
        objective: the share of requests that must be good, below 1.
        projects: globs of the projects for which it holds.
        kind: ``availability`` (a request is good unless it ends with 5xx) or ``latency`` (good when fast enough).
        threshold_seconds: what is fast enough; 0 for availability.
        window_seconds: the time over which the error budget is reckoned.
    """

    name: str
    objective: float
    projects: tuple[str, ...] = ("*",)
    kind: Literal["availability", "latency"] = "availability"
    threshold_seconds: float = 0.0
    window_seconds: int = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Monitor:
    """Scheduled jobs whose names match the glob ``monitor`` report success at least every ``interval_seconds``."""

    monitor: str
    interval_seconds: int


DEFAULT_SLOS = (Slo("availability", 0.99),)
"""Deliberately modest: its fastest alert needs an hour in which one request in seven fails."""


def slos(entries: Sequence[Mapping[str, Any]] | None, problems: list[str]) -> tuple[Slo, ...]:
    """Build the objectives from the checked list below ``alerting.slos``; append what is wrong to ``problems``."""
    if entries is None:
        return DEFAULT_SLOS
    found: list[Slo] = []
    for index, entry in enumerate(entries):
        place = f"alerting.slos[{index}]"
        kind = entry.get("kind", "availability")
        if (kind == "latency") != ("threshold" in entry):
            problems.append(f"{place}: a threshold in seconds belongs to the kind latency, and only to it")
        if entry["name"] in {slo.name for slo in found}:
            problems.append(f"{place}: there is another objective named {entry['name']!r}")
        found.append(
            Slo(
                name=entry["name"],
                objective=entry["objective"],
                projects=tuple(entry.get("projects", ("*",))),
                kind=kind,
                threshold_seconds=entry.get("threshold", 0.0),
                window_seconds=parse_duration(entry.get("window", _DEFAULT_WINDOW)),
            )
        )
    return tuple(found)


def monitors(entries: Sequence[Mapping[str, Any]]) -> tuple[Monitor, ...]:
    """Build the scheduled jobs from the checked list below ``alerting.monitors``."""
    return tuple(Monitor(entry["monitor"], parse_duration(entry["interval"])) for entry in entries)


def glob_regex(globs: Sequence[str]) -> str:
    """Return a regular expression (RE2, to be anchored) for names that match one of the globs.

    ``*`` stands for any characters and ``?`` for one; everything else is itself.
    """
    parts = ["".join(_GLOB.get(character, re.escape(character)) for character in glob) for glob in globs]
    return "|".join(parts).replace("\\-", "-")


def glob_matches(globs: Sequence[str], name: str) -> bool:
    """Say whether a name matches one of the globs."""
    return re.fullmatch(glob_regex(globs), name) is not None


_GLOB = {"*": ".*", "?": "."}

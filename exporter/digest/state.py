"""What the writer knows of the store: small enough for memory, loaded at the start, kept current by the fold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.agenda import Agenda
from errtally.exporter.digest.aliases import Aliases
from errtally.exporter.digest.seen import Seen
from errtally.exporter.digest.stream import StreamSampler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.digest.conditions import Condition
    from errtally.exporter.digest.monitors import Job, Monitor
    from errtally.exporter.digest.releases import Releases
    from errtally.names import Metric

MAX_PROJECTS = 500
MAX_ENVIRONMENTS = 50
"""Projects, and environments of one project, beyond which the label is ``__other__``: clients can make both up."""

MAX_SEVERITIES = 20
"""Severities of alerts, beside which the label is ``__other__``: whoever writes a rule can make them up."""


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


class Budget:
    """How many label sets each metric may have in a project; beyond, one label's value becomes ``__other__``."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self._admitted: set[tuple[str, tuple[str, ...]]] = set()
        self.sizes: Counter[tuple[str, str]] = Counter()

    def limit(self, metric: Metric) -> int:
        """The metric's limit: configured, or the catalogue's."""
        return self.limits.get(metric.name, metric.series_limit)

    def __len__(self) -> int:
        return len(self._admitted)

    def remember(self, metric: Metric, labels: tuple[str, ...]) -> None:
        """Note a label set that the store has."""
        if (metric.name, labels) not in self._admitted:
            self._admitted.add((metric.name, labels))
            # Only the label that the budget bounds tells: an environment may be called ``__other__`` as well.
            if labels[metric.labels.index(metric.other_label)] != names.OTHER:
                self.sizes[metric.name, scope(metric, labels)] += 1

    def admit(self, metric: Metric, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Return the labels under which a value goes: the same, or with ``__other__`` beyond the limit."""
        if (metric.name, labels) in self._admitted:
            return labels
        if self.sizes[metric.name, scope(metric, labels)] >= self.limit(metric):
            index = metric.labels.index(metric.other_label)
            labels = (*labels[:index], names.OTHER, *labels[index + 1 :])
        self.remember(metric, labels)
        return labels


def scope(metric: Metric, labels: tuple[str, ...]) -> str:
    """Whose budget a label set takes from: a project's, "" for a metric of the exporter as a whole."""
    return labels[0] if metric.labels[0] == "project" else ""


@dataclass(slots=True)
class State:
    """The writer's memory of the store."""

    budget: Budget
    seen: Seen = field(default_factory=Seen)
    issues: dict[tuple[str, str], IssueState] = field(default_factory=dict)
    aliases: Aliases = field(default_factory=Aliases)
    environments: dict[str, set[str]] = field(default_factory=dict)
    releases: dict[str, Releases] = field(default_factory=dict)
    monitors: dict[Job, Monitor] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    severities: set[str] = field(default_factory=lambda: set(names.SEVERITIES))
    stream: StreamSampler = field(default_factory=StreamSampler)
    next_issue_id: int = 1
    """Numbers issues and aliases in the order in which their fingerprints appeared."""

    def project(self, project: str) -> str:
        """Bound the label ``project``."""
        if project not in self.environments:
            if len(self.environments) >= MAX_PROJECTS:
                project = names.OTHER
            self.environments.setdefault(project, set())
        return project

    def severity(self, severity: str) -> str:
        """Bound the label ``severity`` of alerts."""
        if severity not in self.severities:
            if len(self.severities) >= MAX_SEVERITIES:
                return names.OTHER
            self.severities.add(severity)
        return severity

    def place(self, project: str, environment: str) -> tuple[str, str, bool]:
        """Bound the base labels.

        Returns:
            Project, environment, and whether this pair is new.
        """
        project = self.project(project)
        known = self.environments[project]
        if environment in known:
            return project, environment, False
        if len(known) >= MAX_ENVIRONMENTS:
            environment = names.OTHER
            if environment in known:
                return project, environment, False
        known.add(environment)
        return project, environment, True

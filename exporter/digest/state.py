"""What the writer knows of the store: small enough for memory, loaded at the start, kept current by the fold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from errtally import names
from errtally.exporter.digest.agenda import Agenda
from errtally.exporter.digest.aliases import Aliases
from errtally.exporter.digest.buckets import OF_CATALOGUE, Buckets
from errtally.exporter.digest.seen import Seen
from errtally.exporter.digest.stream import StreamSampler
from errtally.exporter.digest.tellings import Tellings

if TYPE_CHECKING:
    from errtally.exporter.digest.addresses import Addresses
    from errtally.exporter.digest.budget import Budget
    from errtally.exporter.digest.held_requests import HeldRequest
    from errtally.exporter.digest.issue_state import IssueState
    from errtally.exporter.digest.jobs import Job, Monitor
    from errtally.exporter.digest.releases import Releases

MAX_PROJECTS = 500
MAX_ENVIRONMENTS = 50
"""Projects, and environments of one project, beyond which the label is ``__other__``: clients can make both up."""

MAX_SEVERITIES = 20
"""Severities of alerts, beside which the label is ``__other__``: whoever writes a rule can make them up."""


@dataclass(slots=True)
class State:
    """The writer's memory of the store."""

    budget: Budget
    seen: Seen = field(default_factory=Seen)
    tellings: Tellings = field(default_factory=Tellings)
    issues: dict[tuple[str, str], IssueState] = field(default_factory=dict)
    aliases: Aliases = field(default_factory=Aliases)
    environments: dict[str, set[str]] = field(default_factory=dict)
    releases: dict[str, Releases] = field(default_factory=dict)
    monitors: dict[Job, Monitor] = field(default_factory=dict)
    agenda: Agenda = field(default_factory=Agenda)
    severities: set[str] = field(default_factory=lambda: set(names.SEVERITIES))
    gauges: dict[tuple[str, str], dict[tuple[str, ...], float]] = field(default_factory=dict)
    """Gauges that clients push, by metric and project: labels to when they were last renewed."""
    stream: StreamSampler = field(default_factory=StreamSampler)
    request_buckets: Buckets = OF_CATALOGUE[names.REQUEST_DURATION.name]
    """Of request durations: the catalogue's bounds and every T and 4 T that is or was configured."""
    addresses: dict[str, Addresses] = field(default_factory=dict)
    """By project, the names of requests that were made of addresses; a restart forgets them."""
    held_requests: list[HeldRequest] = field(default_factory=list)
    """Requests that wait for a fatal error of their trace, in the order in which they came."""
    fatal_traces: dict[tuple[str, str], float] = field(default_factory=dict)
    """Project and trace of the last fatal errors, to when they happened; a restart forgets them."""
    unhandled_traces: dict[tuple[str, str], float] = field(default_factory=dict)
    """The same of errors that nothing caught and that are not fatal."""
    now: float = 0.0
    """When the newest record came in: the fold's clock, which never goes back; seconds since the epoch."""
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

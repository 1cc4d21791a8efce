"""Records, and a state that they are folded into."""

from __future__ import annotations

from collections import defaultdict

from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.budget import Budget
from errtally.exporter.digest.fold import Fold
from errtally.exporter.digest.state import State
from errtally.exporter.journal.records import (
    Batch,
    EventSeen,
    IssueSeen,
    StatusChange,
)


class World:
    """A state and everything that was folded into it."""

    def __init__(self, *, limits=None, projects=()):
        self.state = State(Budget(limits or {}))
        self.thresholds = Thresholds(tuple(projects))
        self.values = defaultdict(float)
        self.folds = []

    def fold(self, *records):
        made = Fold(self.state, self.thresholds)
        for record in records:
            made.add(record)
        return self._keep(made)

    def declare(self, *projects):
        made = Fold(self.state, self.thresholds)
        made.declare(projects)
        return self._keep(made)

    def _keep(self, made):
        self.folds.append(made.changes)
        for key, amount in made.changes.add.items():
            self.values[key] += amount
        for key, value in made.changes.put.items():
            self.values[key] = value
        for key, value in made.changes.peak.items():
            self.values[key] = max(self.values[key], value)
        return made.changes

    def value(self, metric, *labels, part=""):
        return self.values[metric.name, labels, part]

    def total(self, metric, **wanted):
        return sum(
            value
            for (name, labels, _), value in self.values.items()
            if name == metric.name and wanted.items() <= dict(zip(metric.labels, labels, strict=True)).items()
        )

    def issue(self, fingerprint="f1", project="p"):
        return self.state.issues[project, fingerprint]


def event(
    at=100.0, *, issue=0, environment="prod", level="error", id_="", user=None, sample=None, trace="", release=""
):
    return EventSeen(issue, environment, level, at, id_ or "e" * 32, bool(id_), user, release, "", trace, sample)


def batch(*events, issues=("f1",), project="p", type_="T", **more):
    seen = [IssueSeen(fingerprint, type_, f"title {fingerprint}", "culprit") for fingerprint in issues]
    return Batch(project, 1000.0, issues=seen, events=list(events), **more)


def decide(status, at, by="ann", fingerprint="f1"):
    return StatusChange("p", fingerprint, status, at, by)

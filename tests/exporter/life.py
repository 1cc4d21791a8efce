"""The life of issues and jobs: records through the real journal, writer and store, with a clock of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families
from tests.exporter.databases import address_of, database_at

from errtally.exporter.config import ExporterConfig
from errtally.exporter.digest.budget import Budget
from errtally.exporter.journal.appender import Appender
from errtally.exporter.journal.records import Batch, EventSeen, IssueSeen, StatusChange, Until, encoder
from errtally.exporter.metrics.view import StoreView
from errtally.exporter.store.reading import StoreReader
from errtally.exporter.writer import JOURNAL_DIRECTORY, Writer

if TYPE_CHECKING:
    from pathlib import Path

START = 1_795_500_000.0  # 2026-11-24T06:00:00Z


class Life:
    """An exporter's writer and store; ``dies`` has it killed and started again after every fold.

    Attributes:
        now: what the writer's clock says.
    """

    def __init__(self, folder: Path, *, dies: bool = False) -> None:
        self.folder = folder
        self.dies = dies
        self.now = START
        self._dead: list[Writer] = []
        self.config = ExporterConfig(data_dir=folder, database=address_of(folder))
        self.writer = Writer(self.config, clock=lambda: self.now)
        self.appender = Appender(folder / JOURNAL_DIRECTORY)
        self.reader = StoreReader(database_at(folder))

    def fold(self) -> None:
        """Fold until nothing is left to do."""
        more = 1
        while more:
            more = self.writer.step()
            if self.dies:
                self.restart()

    def restart(self) -> None:
        """Go on as after ``kill -9``: nothing is left but what is on the disk."""
        self.kill()
        self.writer = Writer(self.config, clock=lambda: self.now)

    def kill(self) -> None:
        """Leave the store as it is: closing its connection would tidy up, which the dead do not."""
        self.writer._source.close()
        self._dead.append(self.writer)

    def append(self, record: Any) -> None:
        self.appender.append(encoder.encode(record), 1, self.now)

    def take(self, **parts: Any) -> None:
        self.append(Batch("p", self.now, **parts))
        self.fold()

    def event(
        self, *, release: str = "", user: int | None = None, at: float | None = None, fingerprint: str = "f1",
        environment: str = "prod",
    ) -> None:  # fmt: skip
        """An event that happens a second after what was before it, or at a time of its own."""
        self.now += 1
        seen = IssueSeen(fingerprint, "T", f"title {fingerprint}", "culprit")
        one = EventSeen(0, environment, "error", self.now if at is None else at, "e" * 32, user=user, release=release)
        self.take(issues=[seen], events=[one])

    def decide(self, status: str, until: Until | None = None, *, fingerprint: str = "f1", by: str = "ann") -> None:
        self.now += 1
        self.append(StatusChange("p", fingerprint, status, self.now, by, until))
        self.fold()

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.fold()

    def issue(self, fingerprint: str = "f1") -> dict[str, Any]:
        found = self.reader.issue(fingerprint, "p")
        assert found is not None
        return found

    def status(self, fingerprint: str = "f1") -> str:
        return str(self.issue(fingerprint)["status"])

    def said(self, fingerprint: str = "f1") -> list[str]:
        """What the history says, the oldest first."""
        return [entry["what"] for entry in reversed(self.issue(fingerprint)["history"])]

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """The series of a metric: label values in alphabetical order of their names, to value."""
        view = StoreView(database_at(self.folder), self.folder, Budget({}))
        text = view.render(self.now, openmetrics=False).decode()
        assert view._db is not None
        view._db.close()
        return {
            tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }

    def total(self, name: str, *values: str) -> float:
        """The sum of the series whose labels hold all these values."""
        return sum(value for labels, value in self.samples(name).items() if set(values) <= set(labels))

    def close(self) -> None:
        self.kill()
        self.appender.close()
        for writer in self._dead:
            writer._store._db.close()

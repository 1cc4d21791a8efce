"""The one writer: follows the journal, folds what comes, and stores it with the position, over and over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import structlog

from errtally import names
from errtally.errors import JournalError, StoreError, StoreLostError
from errtally.exporter.digest.apdex import Thresholds
from errtally.exporter.digest.buckets import OF_CATALOGUE, SUM
from errtally.exporter.digest.changes import Changes
from errtally.exporter.digest.fold import Fold
from errtally.exporter.heartbeat import HEARTBEAT_FILE, HEARTBEAT_SECONDS, beat
from errtally.exporter.installation import JOURNAL_DIRECTORY
from errtally.exporter.journal.records import decoder
from errtally.exporter.source import LocalJournal
from errtally.exporter.store.opening import database_of
from errtally.exporter.store.writing import StoreWriter

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from errtally.exporter.config import ExporterConfig
    from errtally.exporter.digest.state import State
    from errtally.exporter.source import Source
    from errtally.exporter.store.connection import Connection, Place

IDLE_SECONDS = 0.02
"""How often the journal is looked at while nothing comes."""

FOLD_SECONDS = 0.2
"""One fold takes what so long a time brings: a transaction costs as much for one event as for some dozens.

Its own time is a part of that: while a fold takes up to a tenth of a second, what comes is counted within a quarter.
"""

LEAST_FOLD_SECONDS = 0.1
"""Folds that take long themselves follow each other in this time at least."""

MAX_FOLD_EVENTS = 20_000
PRUNE_SECONDS = 30.0
"""How often the store is looked through for what may go; what there is goes in small steps between folds."""
SLIDE_SECONDS = 10.0
"""How often windows of affected users are moved on that no event moves."""
MAX_RETRY_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Opened:
    """What a writer works on.

    Attributes:
        store: open for writing.
        state: what the fold knows of it.
        source: where frames come from.
        place: watches the store.
    """

    store: StoreWriter
    state: State
    source: Source
    place: Place


def open_local(config: ExporterConfig) -> Opened:
    """Open the store, and the journal of the data directory to be folded into it by this exporter alone.

    Raises:
        StoreError: the store can't be opened.
        OSError: the directory can't be made.
    """
    (config.data_dir / JOURNAL_DIRECTORY).mkdir(parents=True, exist_ok=True)
    synchronous = "FULL" if config.durability == "fsync" else "NORMAL"
    database = database_of(config.database, config.data_dir, synchronous=synchronous, copies=config.upgrade_copy)
    store, state, positions = load(database.writer(), config)
    place = database.place()
    return Opened(store, state, LocalJournal(config.data_dir, positions, store, place), place)


def load(connection: Connection, config: ExporterConfig) -> tuple[StoreWriter, State, Mapping[str, int]]:
    """Load what the fold needs to know of an open store; and the positions that it has.

    Raises:
        StoreError: it can't be read.
    """
    store = StoreWriter(connection, events_per_issue=config.retention.events_per_issue)
    return store, *store.load(config.series_limits, config.grouping, config.series_idle_seconds)


class Writer:
    """Folds what a source brings into a store.

    Args:
        config: the settings.
        clock: tells the time, seconds since the epoch.
        opened: what to work on; None opens that of the data directory.

    Attributes:
        is_behind: whether the last step left something in the journal that was there already.
    """

    def __init__(
        self, config: ExporterConfig, *, clock: Callable[[], float] = time.time, opened: Opened | None = None
    ) -> None:
        self._clock = clock
        self._heartbeat = config.data_dir / HEARTBEAT_FILE
        opened = opened or open_local(config)
        self._store, self._state, self._place = opened.store, opened.state, opened.place
        self._source = opened.source
        self._problem = ""
        self._thresholds = Thresholds(config.projects)
        self._retention = config.retention
        self._next_config: ExporterConfig | None = None
        self._own = Changes()
        self.is_behind = False
        fold = Fold(self._state, self._thresholds)
        fold.declare(config.projects)
        self._apply(fold.changes, stop=None)
        self._source.tidy()

    def configure(self, config: ExporterConfig) -> None:
        """Take changed settings up with the next fold; may be called from another thread."""
        self._next_config = config

    def run(self, stop: threading.Event) -> None:
        """Fold until told to stop, and then what is there still."""
        last_beat = last_prune = last_slide = float("-inf")
        has_more = False
        while True:
            is_last, began = stop.is_set(), time.monotonic()
            folded = self.step(stop)
            now = time.monotonic()
            if now - last_beat > HEARTBEAT_SECONDS:
                last_beat = now
                self._look()
            if now - last_slide > SLIDE_SECONDS:
                last_slide = now
                self.slide(time.time())
            if now - last_prune > PRUNE_SECONDS:
                last_prune = now
                self._prune()
                has_more = True
            if has_more and not is_last:
                has_more = self.let_go(time.time())
            if not folded and is_last:
                break
            if not is_last and not self.is_behind:
                # What came right after the fold began waits for the next one and for as long as that takes.
                pause = max(FOLD_SECONDS - (now - began), LEAST_FOLD_SECONDS)
                stop.wait(max(began + pause - now, IDLE_SECONDS) if folded else IDLE_SECONDS)
        self._source.close()

    def step(self, stop: threading.Event | None = None) -> int:
        """Fold what is in the journal, at most one batch, and what is due; return how many things that were."""
        started = time.perf_counter()
        now, events = self._clock(), 0
        fold, records = Fold(self._state, self._thresholds), 0
        if (config := self._next_config) is not None:
            self._next_config = None
            fold, records = self._take_up(config), 1
        try:
            for frame in self._source.read(MAX_FOLD_EVENTS):
                records += 1
                events += max(frame.events, 1)
                try:
                    record = decoder.decode(frame.payload)
                except msgspec.DecodeError as exc:
                    # The checksum fits, so this was written by an exporter that this one does not understand.
                    _log.error("journal record not understood", events=frame.events, error=str(exc))
                    key = (names.INGEST_REJECTED.name, ("journal", "not_understood"), "")
                    self._own.add[key] += max(frame.events, 1)
                    continue
                fold.add(record)
        except JournalError as exc:  # what was read until then is folded, and the next step tries again
            if not self._problem:
                self._say(str(exc))
        for damage in self._source.damages:
            _log.error(
                "journal damaged",
                segment=damage.segment, bytes=damage.lost_bytes, events=damage.lost_events, error=damage.message,
            )  # fmt: skip
            self._own.add[names.INGEST_REJECTED.name, ("journal", "damaged"), ""] += damage.lost_events
        self._source.damages.clear()
        self.is_behind = events >= MAX_FOLD_EVENTS
        if not self.is_behind:
            # Everything that was accepted until now is folded: a report that waits in the journal is not missed.
            records += fold.pass_time(now)
        if records:
            changes = fold.changes
            if changes.events:
                changes.add[names.DIGESTED_EVENTS.name, (), ""] += changes.events
            self._apply(changes, stop)
            seconds = time.perf_counter() - started
            bucket = OF_CATALOGUE[names.DIGEST_DURATION.name].part(seconds)
            self._own.add[names.DIGEST_DURATION.name, (), bucket] += 1
            self._own.add[names.DIGEST_DURATION.name, (), SUM] += seconds
        elif self._store.is_waiting:  # a pause
            self._apply(fold.changes, stop)
        self._settle()
        return records

    def _take_up(self, config: ExporterConfig) -> Fold:
        """Begin a fold with changed settings."""
        self._thresholds = Thresholds(config.projects)
        self._state.budget.limits = config.series_limits
        self._state.budget.idle_seconds = config.series_idle_seconds
        self._store.events_per_issue = config.retention.events_per_issue
        self._retention = config.retention
        if config.grouping != self._state.aliases.settings:
            self._state.aliases = self._store.aliases(config.grouping)
        fold = Fold(self._state, self._thresholds)
        fold.declare(config.projects)
        return fold

    def _settle(self) -> None:
        """Let go of what is stored."""
        try:
            self._source.settle()
        except (StoreError, JournalError) as exc:  # it stays, and the next step tries again
            self._say(str(exc))
        try:
            self._source.tidy()
        except StoreError as exc:  # does no harm; the next step tries again
            self._failed("positions of gone segments not removed", exc)

    def _look(self) -> None:
        """See whether store and journal are still there, and give the sign of life that says so."""
        problems = []
        try:
            self._place.check()
        except StoreError as exc:
            problems.append(str(exc))
        if problem := self._source.problem():
            problems.append(problem)
        self._say("; ".join(problems))

    def _say(self, problem: str) -> None:
        """Tell the workers what keeps the writer from its work, "" when nothing does; log it when it is new."""
        if problem and problem != self._problem:
            _log.error("events are not counted, and wait in the journal", error=problem)
        elif self._problem and not problem:
            _log.info("events are counted again")
        self._problem = problem
        try:
            beat(self._heartbeat, problem)
        except OSError as exc:  # readiness then says what it can't see
            _log.warning("no heartbeat", error=str(exc))

    def _apply(self, changes: Changes, stop: threading.Event | None) -> None:
        """Store changes together with the writer's own counts; try again for as long as the store fails."""
        for key, amount in self._own.add.items():
            changes.add[key] += amount
        self._own = Changes()
        delay = 0.05
        while True:
            try:
                self._place.check()
                self._store.apply(changes, self._source.positions(), self._source.within)
            except StoreLostError:
                raise
            except StoreError as exc:
                changes.add[names.STORE_ERRORS.name, (), ""] += 1
                self._say(str(exc))
                # Nothing is lost when the process stops now: the position was not stored either.
                if stop is None or stop.wait(delay):
                    raise
                delay = min(delay * 2, MAX_RETRY_SECONDS)
            else:
                if self._problem:
                    self._look()
                return

    def slide(self, now: float) -> None:
        """Move the windows of affected users on, whether events came or not; ``now`` in seconds since the epoch."""
        places = [(project, name) for project, known in self._state.environments.items() for name in known]
        try:
            changes = self._store.slide(places, now)
            if changes.put:
                self._store.apply(changes, {})
        except StoreError as exc:  # the next round tries again
            self._failed("windows of users not moved on", exc)

    def let_go(self, now: float) -> bool:
        """Take one step of deleting what is kept no longer; whether there is more to do."""
        try:
            changes = self._store.overdue(self._retention, now)
            if changes.deleted_samples:
                self._store.apply(changes, {})
                return True
            return self._store.vacuum()
        except StoreError as exc:  # the next round tries again
            self._failed("nothing deleted", exc)
            return False

    def _prune(self) -> None:
        try:
            self._store.prune(self._clock(), self._retention)
        except StoreError as exc:  # the next round tries again; nothing depends on it
            self._failed("store not pruned", exc)

    def _failed(self, what: str, exc: StoreError) -> None:
        self._own.add[names.STORE_ERRORS.name, (), ""] += 1
        _log.warning(what, error=str(exc))

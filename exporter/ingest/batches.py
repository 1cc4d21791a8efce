"""What one request delivered for one project as a record of the journal: scrubbed, grouped, users hashed, sampled."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from errtally import names
from errtally.errors import RejectedError, StoreError
from errtally.exporter.ingest import context_tags, found_by
from errtally.exporter.ingest.shortening import shortened
from errtally.exporter.ingest.submission import Counts
from errtally.exporter.journal import records
from errtally.exporter.symbols.events import resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.event.model import Event
    from errtally.event.scrub import Scrubber
    from errtally.exporter.grouping import Grouping
    from errtally.exporter.grouping.grouper import Grouper
    from errtally.exporter.ingest.sampling import SamplePolicy
    from errtally.exporter.ingest.submission import Submission, SubmittedEvent
    from errtally.exporter.ingest.tally import Tally
    from errtally.exporter.symbols.events import Resolution
    from errtally.exporter.symbols.resolver import Resolver

MAX_SAMPLE_BYTES = 256 * 1024
MAX_MESSAGE = 300
MAX_MEMO_ENTRIES = 4096
MAX_CPU_SECONDS = 10.0
"""Time of this thread's processor for one request; the texts of the events that are left then are cut short."""
MAX_LATE_CHARACTERS = 200
EVENTS_BETWEEN_LOOKS = 16
_NO_TAGS: dict[str, str] = {}
_log = structlog.get_logger(__name__)


class BatchBuilder:
    """Makes records of submissions, scrubbed as one set of settings says. Safe for threads."""

    def __init__(
        self,
        scrubber: Scrubber,
        grouper: Grouper,
        samples: SamplePolicy,
        tally: Tally,
        user_key: bytes,
        resolver: Resolver | None = None,
    ) -> None:
        self._resolver = resolver
        self._scrubber = scrubber
        self._grouper = grouper
        self._rules = grouper.rules
        self._samples = samples
        self._tally = tally
        self._user_key = user_key
        self._memo: dict[tuple[Any, ...], Grouping] = {}
        self._names: dict[str, str] = {}
        self._versions: dict[str, str] = {}
        self._sentences: dict[str, str] = {}

    def batch(self, submission: Submission, received: float) -> records.Batch:
        """Make the record of what one request delivered for one project."""
        scrubbed = Counts()
        label = self._label
        batch = records.Batch(project=submission.project, received=received, identity=submission.identity)
        indices: dict[str, int] = {}
        # A look at the clock takes as long as a tenth of an event, so the few events of most requests need none.
        late_at = time.thread_time() + MAX_CPU_SECONDS if len(submission.events) > EVENTS_BETWEEN_LOOKS else 0.0
        is_late = False
        for position, item in enumerate(submission.events):
            if position and not position % EVENTS_BETWEEN_LOOKS:
                is_late = is_late or time.thread_time() > late_at
            if is_late:
                scrubbed["limit"] += 1
                item = _cut_short(item)  # noqa: PLW2901 (what a hostile request has left)
            batch.events.append(self._event(submission.project, item, batch.issues, indices, received, scrubbed))
        for timing in submission.requests:
            batch.requests.append(
                records.RequestSeen(
                    label(timing.environment, scrubbed) or names.DEFAULT_ENVIRONMENT,
                    label(timing.transaction, scrubbed),
                    timing.method,
                    timing.status_class,
                    timing.failed,
                    timing.duration_seconds,
                    timing.timestamp,
                    label(timing.trace_id, scrubbed),
                    timing.quantity,
                    timing.is_unsure,
                    timing.is_address,
                    timing.is_page,
                )
            )
        for session in submission.sessions:
            batch.sessions.append(
                records.SessionSeen(
                    label(session.environment, scrubbed) or names.DEFAULT_ENVIRONMENT,
                    self._version(session.release, scrubbed),
                    session.status,
                    session.quantity,
                    # Only looked up, never shown; it stands for a person, so its hash does.
                    f"{self._hash(submission.project, session.session_id):x}" if session.session_id else "",
                    self._hash(submission.project, session.user) if session.user else None,
                )
            )
        for check_in in submission.check_ins:
            batch.check_ins.append(
                records.CheckInSeen(
                    label(check_in.environment, scrubbed) or names.DEFAULT_ENVIRONMENT,
                    label(check_in.monitor, scrubbed),
                    check_in.status,
                    check_in.timestamp,
                    check_in.check_in_id,
                    check_in.schedule,
                    check_in.duration_seconds,
                )
            )
        for discard in submission.discards:
            batch.discards.append(
                records.DiscardSeen(
                    label(discard.reason, scrubbed), label(discard.category, scrubbed), discard.quantity
                )
            )
        for entry in submission.logs:
            environment = label(entry.environment, scrubbed) or names.DEFAULT_ENVIRONMENT
            batch.logs.append(records.LogSeen(environment, entry.level, entry.quantity))
        for alert in submission.alerts:
            batch.alerts.append(
                records.AlertSeen(
                    label(alert.fingerprint, scrubbed),
                    label(alert.name, scrubbed),
                    label(alert.severity, scrubbed),
                    alert.starts_at,
                    alert.ends_at,
                    self._scrubber.scrub_value(alert.labels, scrubbed),
                    self._scrubber.scrub_text(alert.summary, scrubbed),
                    self._scrubber.scrub_value(alert.links, scrubbed),
                )
            )
        for measure in submission.measures:
            batch.measures.append(
                records.MeasureSeen(
                    label(measure.environment, scrubbed) or names.DEFAULT_ENVIRONMENT,
                    measure.name,
                    tuple([label(value, scrubbed) for value in measure.labels]),
                    measure.value,
                    label(measure.process, scrubbed),
                )
            )
        for rule, quantity in scrubbed.items():
            self._tally.add(names.SCRUBBED, (rule,), quantity)
        return batch

    def _event(
        self,
        project: str,
        item: SubmittedEvent,
        issues: list[records.IssueSeen],
        indices: dict[str, int],
        received: float,
        scrubbed: Counts,
    ) -> records.EventSeen:
        event, label = item.event, self._label
        identity = event.user.identity() if event.user is not None else None
        user = self._hash(project, identity) if identity is not None else None
        called = found_by.names(event.user)
        resolution = None
        if self._resolver is not None and (event.exceptions or event.frames or event.stack):
            resolution = self._resolve(self._resolver, project, item)
        grouping, is_scrubbed = self._group(project, event, scrubbed, resolution)
        issue = grouping.fingerprint + grouping.unresolved
        index = indices.get(issue)
        if index is None:
            index = indices[issue] = len(issues)
            issues.append(
                records.IssueSeen(
                    grouping.fingerprint,
                    grouping.type,
                    grouping.title,
                    grouping.culprit,
                    grouping.pattern,
                    grouping.why,
                    label(event.platform, scrubbed),
                    grouping.scope,
                    grouping.former,
                    grouping.unresolved,
                )
            )
        environment = label(event.environment, scrubbed) or names.DEFAULT_ENVIRONMENT
        sample, tags, message = None, _NO_TAGS, ""
        texts: tuple[str, ...] = ()
        people: tuple[int, ...] = ()
        if self._samples.keeps(project, grouping.fingerprint, received):
            if not is_scrubbed:
                self._scrubber.scrub_event(event, scrubbed)
            details = item.details if resolution is None else resolution.details
            sample, derived = self._sample(event, details, environment, scrubbed)
            tags, texts = {**derived, **event.tags}, found_by.texts(event, lambda module: label(module, scrubbed))
            people = found_by.people(called, self._user_key)
            message = event.message or (event.exceptions[-1].value if event.exceptions else None) or ""
        return records.EventSeen(
            index,
            environment,
            event.level,
            event.timestamp,
            event.event_id,
            item.has_own_id,
            user,
            self._version(event.release, scrubbed),
            label(event.transaction, scrubbed),
            label(event.trace_id, scrubbed),
            sample,
            tags,
            message[:MAX_MESSAGE],
            any(one.handled is False for one in event.exceptions),
            event.told_by,
            event.tells,
            texts,
            people,
        )

    def _resolve(self, resolver: Resolver, project: str, item: SubmittedEvent) -> Resolution | None:
        """Give the calls of an event their names back; None where nothing was uploaded that could."""
        try:
            if not resolver.serves(project):
                return None
            resolution = resolve(resolver, project, item.event, item.details, item.debug_meta, item.dist)
        except StoreError as exc:
            # The event counts all the same; it is read when somebody looks at it.
            _log.warning("uploaded files can't be read", error=str(exc))
            self._tally.add(names.SYMBOL_FRAMES, ("bad_file",))
            return None
        for outcome, quantity in resolution.outcomes.items():
            self._tally.add(names.SYMBOL_FRAMES, (outcome,), quantity)
        return resolution

    def _group(
        self, project: str, event: Event, scrubbed: Counts, resolution: Resolution | None = None
    ) -> tuple[Grouping, bool]:
        """Group an event, and scrub it unless an event that looks the same was grouped before.

        The memo has what clients sent as its keys, in this process's memory only. Structured stack traces cost
        more to compare than to group, so they have no memo.

        Returns:
            The grouping, and whether the event is scrubbed now.
        """
        key: tuple[Any, ...] | None = None
        if not event.exceptions and not event.frames and event.fingerprint is None:
            key = (project, event.type, event.message, event.template, event.stack, event.platform, event.logger,
                   event.transaction, event.culprit)  # fmt: skip
            if self._rules is not None:
                key += self._rules.facts(event)
            if (known := self._memo.get(key)) is not None:
                return known, False
        self._scrubber.scrub_event(event, scrubbed)
        sent = resolution.sent if resolution is not None else None
        before = None if sent is None else lambda: self._scrubber.scrub_event(sent)
        found = self._scrubbed(self._grouper.group(project, event, before), scrubbed)
        if key is not None:
            if len(self._memo) >= MAX_MEMO_ENTRIES:
                self._memo.clear()
            self._memo[key] = found
        return found, True

    def _scrubbed(self, grouping: Grouping, scrubbed: Counts) -> Grouping:
        """Scrub what of a grouping is kept: names of functions and modules are not scrubbed before they group."""
        label = self._label
        culprit, scope = label(grouping.culprit, scrubbed), label(grouping.scope, scrubbed)
        why = tuple([self._sentence(reason, scrubbed) for reason in grouping.why])
        # A rule's title may have what is not scrubbed before it groups, such as a function.
        title = grouping.title if self._rules is None else self._sentence(grouping.title, scrubbed)
        if (culprit, scope, why, title) == (grouping.culprit, grouping.scope, grouping.why, grouping.title):
            return grouping
        return replace(grouping, culprit=culprit, scope=scope, why=why, title=title)

    def _label(self, text: str | None, scrubbed: Counts) -> str:
        """Scrub a name that comes again and again, such as a transaction or an environment."""
        if not text:
            return ""
        known = self._names.get(text)
        return self._remembered(text, scrubbed, self._names, self._scrubber.scrub_name) if known is None else known

    def _version(self, text: str | None, scrubbed: Counts) -> str:
        """Scrub a release: ``1.2.3.4`` is one, not an address."""
        return self._remembered(text, scrubbed, self._versions, self._scrubber.scrub_version) if text else ""

    def _sentence(self, text: str, scrubbed: Counts) -> str:
        """Scrub a free text that comes again and again, such as the reason of a grouping."""
        return self._remembered(text, scrubbed, self._sentences, self._scrubber.scrub_text)

    @staticmethod
    def _remembered(text: str, scrubbed: Counts, memo: dict[str, str], scrub: Callable[[str, Counts], str]) -> str:
        known = memo.get(text)
        if known is None:
            known = scrub(text, scrubbed)
            if len(memo) >= MAX_MEMO_ENTRIES:
                memo.clear()
            memo[text] = known
        return known

    def _sample(
        self, event: Event, details: Callable[[], dict[str, Any]], environment: str, scrubbed: Counts
    ) -> tuple[bytes, dict[str, str]]:
        """Write what the event's page shows, shared fields and the protocol's details, scrubbed; and derive tags."""
        label = self._label
        page: dict[str, Any] = {
            "event_id": event.event_id,
            "timestamp": event.timestamp,
            "level": event.level,
            "type": event.type,
            "message": event.message,
            "platform": label(event.platform, scrubbed) or None,
            "logger": event.logger,
            "transaction": event.transaction,
            "environment": environment,
            "release": self._version(event.release, scrubbed) or None,
            "server_name": event.server_name,
            "trace_id": label(event.trace_id, scrubbed) or None,
            "tags": event.tags,
        }
        try:
            whole = page | self._scrubber.scrub_value(details(), scrubbed)
            encoded = _encode(whole)
        except (RejectedError, RecursionError, UnicodeError, msgspec.DecodeError) as exc:
            # The event itself was read; what only its page shows is nested too deeply, or not JSON after all.
            page["truncated"] = f"its details can't be read: {type(exc).__name__}"
            return _encode(page), context_tags.derive(page)
        if len(encoded) > MAX_SAMPLE_BYTES:
            page["truncated"] = f"its details of {len(encoded)} bytes were not kept"
            encoded = shortened(whole, MAX_SAMPLE_BYTES, _encode) or _encode(page)
        return encoded, context_tags.derive(whole)

    def _hash(self, project: str, identity: str) -> int:
        """Hash a user with the installation's key, so that users are counted and never kept."""
        digest = blake2b(f"{project}\0{identity}".encode("utf-8", "replace"), digest_size=8, key=self._user_key)
        return int.from_bytes(digest.digest(), "big", signed=True)


def _cut_short(item: SubmittedEvent) -> SubmittedEvent:
    """The event with as much of it as tells what happened, and no details."""
    event = item.event
    event.message, event.template, event.stack = _begun(event.message), None, None
    event.tags = {}
    for exception in event.exceptions:
        exception.value = _begun(exception.value) if exception.value else None
    return msgspec.structs.replace(item, event=event, details=dict)


def _begun(text: str) -> str:
    """The beginning of a text, with the mark by which the scrubber knows that half a secret may stand at its end."""
    return text if len(text) <= MAX_LATE_CHARACTERS else f"{text[: MAX_LATE_CHARACTERS - 1]}…"


def _encode(page: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(page)
    except (OverflowError, UnicodeEncodeError):  # numbers beyond 64 bits, half of a surrogate pair
        return json.dumps(page, default=str).encode()

"""The tracker: notes errors and timings of its application, and hands them to its sender. It never raises or waits."""

from __future__ import annotations

import functools
import logging
import socket
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from errtally.client import rendering, reported, scope, stack
from errtally.client.backoff import draw_share
from errtally.client.channel import Channel
from errtally.client.complaints import complain
from errtally.client.delivery import Delivery, posts_to
from errtally.client.discards import Discards
from errtally.client.encoding import ERROR, LABEL, REQUEST, Encoder
from errtally.client.gauges import Gauges
from errtally.client.ignoring import Ignored
from errtally.client.reports import Reports
from errtally.client.sender import Sender
from errtally.client.snapshot import plain, plain_mapping, short
from errtally.event.scrub import Scrubber

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from errtally.client.delivery import Poster
    from errtally.client.measures import Measures
    from errtally.client.settings import Settings
    from errtally.client.spool import Spool

log = logging.getLogger("errtally.client")

_BATCH_REQUESTS = 500


class Tracker:
    """Reports to one exporter.

    Args:
        settings: checked ones.
        posts: posts bodies to the routes of events and of requests; HTTP by default.
        counters: what is pushed along with events; None for nothing.
    """

    def __init__(
        self, settings: Settings, posts: tuple[Poster, Poster] | None = None, counters: Measures | None = None
    ) -> None:
        self.settings = settings
        self.discards = Discards()
        self._gauges = _gauges(counters)
        self._reports = Reports(self.discards, counters, self._gauges)
        server_name = settings.server_name or socket.gethostname()
        if settings.scrub is not None:
            settings.scrub.compiled_patterns()  # what is wrong with them is said here
        # Made by the sender for the first item: it takes a tenth of a second, and most processes report nothing.
        scrubber = functools.cache(lambda: Scrubber(settings.scrub))
        self._ignored = Ignored(settings)
        encoder = Encoder(settings, scrubber, server_name, self.discards)
        delivery = Delivery(settings, posts or posts_to(settings), self._reports, self._gauges, scrubber, server_name)
        self._events = Channel(
            ERROR,
            capacity=settings.queue_events,
            batch=settings.batch_events,
            encode=encoder.event,
            post=delivery.events,
            discards=self.discards,
        )
        self._requests = Channel(
            REQUEST,
            capacity=settings.queue_requests,
            batch=min(_BATCH_REQUESTS, settings.queue_requests),
            encode=encoder.request,
            post=delivery.requests,
            discards=self.discards,
        )
        spool = _spool(settings, self.discards)
        self.sender = Sender(
            (self._events, self._requests),
            flush_seconds=settings.flush_seconds,
            fork_seconds=settings.fork_seconds,
            shutdown_seconds=settings.shutdown_seconds,
            counted=self._reports,
            report=delivery.report,
            store=spool.store if spool else None,
            restore=(lambda: spool.restore(delivery.events)) if spool else None,
        )

    # What callers use.

    def capture_exception(
        self,
        error: BaseException | None = None,
        *,
        level: str = "error",
        tags: Mapping[str, object] | None = None,
        extra: Mapping[str, Any] | None = None,
        fingerprint: Sequence[str] = (),
        logger: str | None = None,
        message: str = "",
        trace: TracebackType | None = None,
        unhandled: str | None = None,
    ) -> str | None:
        """Note an exception, the one that is being handled by default.

        Returns:
            The event's id; None when it is not sent (switched off, sampled out, ignored, nothing is being handled).
            An exception noted before gets the id it has.
        """
        try:
            if error is None:
                error = sys.exception()
                if error is None:
                    return None
            known = reported.event_id_of(error)
            if known is not None or not self.settings.url:
                return known
            if self._ignored.exception(type(error)):
                self.discards.add("ignored", ERROR)
                return None
            if not self._sampled():
                return None
            caught = stack.catch(error, trace)
            if self._ignored.message(message or caught.message):
                self.discards.add("ignored", ERROR)
                return None
            event_id = self._note(
                level, caught=caught, message=message, tags=tags, extra=extra, fingerprint=fingerprint, logger=logger,
                unhandled=unhandled,
            )  # fmt: skip
            reported.mark(error, event_id)
        except Exception as exc:  # noqa: BLE001 (a report of an error must never become one)
            self.failed("an exception was not reported", exc)
            return None
        return event_id

    def capture_message(
        self,
        message: str,
        *,
        level: str = "info",
        tags: Mapping[str, object] | None = None,
        extra: Mapping[str, Any] | None = None,
        fingerprint: Sequence[str] = (),
        logger: str | None = None,
        type: str | None = None,  # noqa: A002 (the event's attribute)
        template: str | None = None,
        params: object = (),
    ) -> str | None:
        """Note a message; returns the event's id, None when it is not sent.

        ``template`` is the message before ``params`` were put in: messages of one template are one issue.
        """
        try:
            if not self.settings.url:
                return None
            text = short(str(message), stack.MAX_MESSAGE)
            if self._ignored.message(text) or (logger is not None and self._ignored.logger(logger)):
                self.discards.add("ignored", ERROR)
                return None
            if not self._sampled():
                return None
            return self._note(
                level, message=text, tags=tags, extra=extra, fingerprint=fingerprint, logger=logger, type=type,
                template=template, params=params,
            )  # fmt: skip
        except Exception as exc:  # noqa: BLE001 (a report of an error must never become one)
            self.failed("a message was not reported", exc)
            return None

    def request_finished(
        self,
        transaction: str,
        duration_seconds: float,
        *,
        method: str = "",
        status: int | None = None,
        failed: bool | None = None,
    ) -> None:
        """Note how long a request took.

        Args:
            transaction: a route or name without ids in it.
            duration_seconds: from its beginning to its end.
            method: HTTP method.
            status: HTTP status.
            failed: whether the service failed it; by default so for a status from 500.
        """
        try:
            if not self.settings.url or not self.settings.send_requests:
                return
            timing = (transaction, duration_seconds, method, status, failed, time.time(), scope.current().trace_id)
            self.sender.notice(self._requests.put(timing), self._requests)
        except Exception as exc:  # noqa: BLE001 (a report must never become an error)
            self.failed("a timing was not reported", exc, REQUEST)

    def failed(self, what: str, error: Exception, category: str = ERROR) -> None:
        """Count an item that could not be noted, and say it on standard error, once."""
        self.discards.add("internal_error", category)
        complain(what, error)

    def measured(self) -> None:
        """See to it that what was counted is pushed, if it is to be."""
        if self._gauges is not None and self.settings.url:
            self.sender.wake()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Send what waits; False when not all of it was taken within the time."""
        try:
            return self.sender.flush(self.settings.shutdown_seconds if timeout_seconds is None else timeout_seconds)
        except Exception:
            log.exception("flush failed")
            return False

    def close(self) -> None:
        """Send what waits and end."""
        try:
            self.sender.close()
        except Exception:
            log.exception("close failed")

    # The callers' side.

    def _sampled(self) -> bool:
        rate = self.settings.sample_rate
        if rate >= 1 or draw_share() < rate:
            return True
        self.discards.add("sample_rate", ERROR)
        return False

    def _note(
        self,
        level: str,
        *,
        caught: stack.Caught | None = None,
        message: str = "",
        tags: Mapping[str, object] | None,
        extra: Mapping[str, Any] | None,
        fingerprint: Sequence[str],
        logger: str | None,
        type: str | None = None,  # noqa: A002 (the event's attribute)
        unhandled: str | None = None,
        template: str | None = None,
        params: object = (),
    ) -> str:
        event_id = uuid.uuid4().hex
        noted = rendering.Noted(
            event_id=event_id,
            timestamp=time.time(),
            level=level,
            scope=scope.noted(),
            message=message,
            caught=caught,
            logger=logger,
            type=type,
            tags={short(str(key), LABEL): short(str(value), LABEL) for key, value in tags.items()} if tags else {},
            extra=plain_mapping(dict(extra)) if extra else {},
            fingerprint=tuple(str(part) for part in fingerprint) if fingerprint else (),
            unhandled=unhandled,
            template=None if template is None else short(template, stack.MAX_MESSAGE),
            params=plain(params) if params else None,
        )
        self.sender.notice(self._events.put(noted), self._events)
        return event_id


def _gauges(counters: Measures | None) -> Gauges | None:
    if counters is None:
        return None
    from errtally.client.usage import UsageReader  # noqa: PLC0415 (who pushes nothing does without)

    return Gauges(counters, UsageReader())


def _spool(settings: Settings, discards: Discards) -> Spool | None:
    if not settings.spool_dir:
        return None
    from errtally.client.spool import Spool  # noqa: PLC0415 (its file locks are not on every system)

    return Spool(settings.spool_dir, settings.spool_bytes, discards)

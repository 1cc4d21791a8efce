"""A handler that sends entries over the network from a thread of its own; the transports say how."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

from errtally.client.channel import Channel
from errtally.client.discards import Discards, as_json
from errtally.client.post import Answer, Verdict
from errtally.client.sender import Sender

if TYPE_CHECKING:
    from errtally.client.backoff import Backoff
    from errtally.logs.entry import Entries

BATCH = 500
CAPACITY = 10_000


class Transport(Protocol):
    """Where entries go.

    Attributes:
        refusal: what the store said of the last entry that it refused.
    """

    refusal: str

    def encode(self, entry: dict[str, Any]) -> bytes:
        """Return an entry as the transport keeps it until it is sent."""

    def send(self, batch: list[bytes]) -> Answer:
        """Send entries."""


class ShippingHandler(logging.Handler):
    """Sends records in batches; keeps order, waits after failures, and drops the oldest when too many wait.

    Args:
        entries: makes entries.
        transport: where they go.
        capacity: entries that wait at most.
        flush_seconds: how long an entry waits at most.
        shutdown_seconds: how long the end of the process waits for what has not been sent.
    """

    def __init__(
        self,
        entries: Entries,
        transport: Transport,
        *,
        capacity: int = CAPACITY,
        flush_seconds: float = 5.0,
        shutdown_seconds: float = 5.0,
        backoff: Backoff | None = None,
    ) -> None:
        super().__init__()
        self._entries = entries
        self._transport = transport
        self.discards = Discards()
        self._channel = Channel(
            "log",
            capacity=capacity,
            batch=min(BATCH, capacity),
            encode=transport.encode,
            post=transport.send,
            discards=self.discards,
            halves_refused=True,
        )
        self._sender = Sender(
            (self._channel,),
            flush_seconds=flush_seconds,
            shutdown_seconds=shutdown_seconds,
            counted=self.discards,
            report=self._report,
            backoff=backoff,
            items="log records",
        )

    def handle(self, record: logging.LogRecord) -> bool:
        """Queue a record that passes the filters, without the handler's lock.

        `logging.shutdown` holds that lock while it waits for this handler's thread, which logs as well. What it logs is
        not sent where it fails to send to; other handlers have it.
        """
        if self._sender.is_sending_here():
            return False
        passed = self.filter(record)
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record; never waits."""
        try:
            self._sender.notice(self._channel.put(self._entries.of(record)), self._channel)
        except Exception:  # noqa: BLE001 (what logging does with a record that can't be formatted)
            self.handleError(record)

    def flush(self) -> None:
        """Do nothing: logging calls this at its shutdown and after errors, and a host must not wait here."""

    def drain(self, timeout_seconds: float) -> bool:
        """Send what waits; False when not all was taken within the time."""
        return self._sender.flush(timeout_seconds)

    def close(self) -> None:
        """Send what waits and end."""
        self._sender.close()
        super().close()

    def _report(self) -> Answer | None:
        """Say in the log itself what is missing from it."""
        counts = self.discards.take()
        if not counts:
            return None
        record = logging.makeLogRecord(
            {
                "name": "errtally.logs",
                "levelno": logging.WARNING,
                "msg": f"{sum(counts.values())} log records are missing",
                "why": self._transport.refusal,
                "discarded": as_json(counts),
            }
        )
        answer = self._transport.send([self._transport.encode(self._entries.of(record))])
        if answer.verdict is Verdict.AGAIN:
            self.discards.give_back(counts)
        return answer

"""A client of the live stream over a real connection, which comes back as browsers do."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.event_stream import Parser
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.flow.exporter import Exporter

_RETRY_SECONDS = 0.2


class StreamClient:
    """Reads in a thread of its own until it is told to stop."""

    def __init__(self, exporter: Exporter, query: str = "") -> None:
        self._port = exporter.port
        self._path = f"/api/errors/stream?{query}"
        self._stopping = threading.Event()
        self._connection: http.client.HTTPConnection | None = None
        self.connections = 0
        self.refused = 0
        self.parser = Parser()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with suppress(OSError, http.client.HTTPException):  # the connection is gone
                self._read()
            self._stopping.wait(_RETRY_SECONDS)

    def _read(self) -> None:
        connection = self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        headers = {"Last-Event-ID": self.parser.last_id} if self.parser.last_id else {}
        try:
            connection.request("GET", self._path, headers=headers)
            answer = connection.getresponse()
            if answer.status != 200:
                self.refused += 1
                return
            self.connections += 1
            self.parser.drop_rest()
            while chunk := answer.read1(65536):
                self.parser.feed(chunk)
        finally:
            connection.close()

    def wait(self, is_enough: Callable[[StreamClient], bool]) -> None:
        until(
            lambda: is_enough(self),
            lambda: (self.connections, self.refused, self.parser.messages[-3:]),
            every_seconds=0.02,
        )

    def wait_for_events(self, number: int) -> list[str]:
        """Wait for so many events, and return their messages."""
        self.wait(lambda client: len(client.parser.events()) >= number)
        return [event["message"] for event in self.parser.events()]

    def hang_up(self) -> None:
        """Lose the connection."""
        if (connection := self._connection) is not None and (sock := connection.sock) is not None:
            sock.shutdown(2)

    def stop(self) -> None:
        self._stopping.set()
        with suppress(OSError):  # it is gone already
            self.hang_up()
        self._thread.join()


@contextmanager
def following(exporter: Exporter, query: str = "", *, clients: int = 1) -> Iterator[list[StreamClient]]:
    """Follow the stream with so many clients until the block ends."""
    made = [StreamClient(exporter, query) for _ in range(clients)]
    try:
        for client in made:
            client.wait(lambda one: one.connections == 1)
        yield made
    finally:
        for client in made:
            client.stop()

"""The room that one process has for bodies which are not small: who finds none waits, and slow ones make room."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from errtally.exporter.front.connection import Connection

ROOM_BYTES = 128 * 1024 * 1024
SLOW_SECONDS = 3.0
"""A body that has been coming for longer than this loses its room to one that waits for it."""


class Room:
    """Gives out room in the order in which it is asked for.

    Args:
        total_bytes: all the room there is.
    """

    def __init__(self, total_bytes: int = ROOM_BYTES) -> None:
        self._free = self._total = total_bytes
        self._holders: dict[Connection, None] = {}
        self._waiting: deque[tuple[Connection, int]] = deque()

    def ask(self, connection: Connection, wanted_bytes: int) -> None:
        """Let a connection go on reading, or have it wait."""
        wanted = min(wanted_bytes, self._total)
        if self._waiting or wanted > self._free:
            self._waiting.append((connection, wanted))
            connection.wait_for_room()
            return
        self._give(connection, wanted)

    def release(self, connection: Connection) -> None:
        """Take the room of a connection back, and its place in the queue."""
        if connection in self._holders:
            del self._holders[connection]
            self._free += connection.held_bytes
            connection.held_bytes = 0
        self.leave(connection)
        while self._waiting and self._waiting[0][1] <= self._free:
            waiting, wanted = self._waiting.popleft()
            self._give(waiting, wanted)
            waiting.has_room()

    def leave(self, connection: Connection) -> None:
        """Take a connection's place in the queue back."""
        if connection.on_room is not None:
            connection.stop_waiting()
            self._waiting = deque(entry for entry in self._waiting if entry[0] is not connection)

    def give_up(self, connection: Connection) -> None:
        """End the wait of a connection that waited for too long."""
        self.leave(connection)
        connection.has_no_room()

    def make(self, now: float) -> None:
        """While somebody waits, cut those whose bodies come slowly, the slowest first."""
        for holder in list(self._holders):
            if not self._waiting:
                return
            if holder.is_reading and holder.since is not None and now - holder.since > SLOW_SECONDS:
                holder.cut()
                self.release(holder)

    def _give(self, connection: Connection, wanted: int) -> None:
        self._free -= wanted
        connection.held_bytes += wanted  # of a body that is being answered already, and of the next one
        self._holders[connection] = None

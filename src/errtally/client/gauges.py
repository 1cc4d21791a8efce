"""Gauges of this process for the exporter: breakers' states, CPU, memory, disk; every minute, and when one was set."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from errtally.client.measures import Measured

if TYPE_CHECKING:
    from collections.abc import Callable

    from errtally.client.measures import Measures
    from errtally.client.usage import UsageReader

RENEW_SECONDS = 60.0


class Gauges:
    """Knows when gauges are to be sent again.

    Args:
        measures: whose gauges.
        usage: what the process uses.
        clock: seconds that never go back.
    """

    def __init__(self, measures: Measures, usage: UsageReader, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._measures = measures
        self._usage = usage
        self._clock = clock
        self._next = float("-inf")

    def renew(self) -> None:
        """Begin anew, in the child after a fork."""
        self._usage.renew()
        self._next = float("-inf")

    def due(self) -> bool:
        """Whether it is time."""
        return self._measures.has_new_gauges or self._clock() >= self._next

    def read(self) -> list[Measured]:
        """Return all gauges as they are now."""
        usage = self._usage.read()
        return [*self._measures.gauges(), *(Measured(metric, (), value) for metric, value in usage.gauges())]

    def sent(self, *, taken: bool) -> None:
        """Note that they were posted; what was not taken is tried again with the next post."""
        self._next = self._clock() + RENEW_SECONDS if taken else float("-inf")


def process_name(service: str | None, server_name: str) -> str:
    """Name this process among all that push gauges."""
    name = f"{server_name}:{os.getpid()}"
    return f"{service}/{name}" if service else name

"""How often somebody may try to log in: by address, and for all addresses together."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WINDOW_SECONDS = 300.0
MAX_BY_ADDRESS = 10
"""Failed attempts of one address within the window; with several workers of one exporter each has its share of them."""

MAX_BY_ACCOUNT = 100
"""Failed attempts of all addresses: beyond, only addresses that logged in before may try."""

MAX_ADDRESSES = 10_000
_IPV6_NETWORK_BITS = 64
"""One subscriber of IPv6 has that many addresses of one network to try from."""


class Others(Protocol):
    """Whom one tells of failed log-ins, and who tells."""

    def exchange(
        self, failed: Sequence[str], forgiven: Sequence[str], window_seconds: float
    ) -> list[tuple[str, float, int]]:
        """Tell from where log-ins failed, and who logged in; return from where they failed elsewhere in the window.

        Each with how many seconds ago that was, and its number.

        Raises:
            StoreError: nobody was told anything.
        """


class Attempts:
    """Counts failed log-ins of one worker. Safe for threads.

    Args:
        workers: how many there are that do not tell each other.
        clock: tells seconds; one that is never set.
    """

    def __init__(self, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_address = max(MAX_BY_ADDRESS // workers, 2)
        self._by_account = max(MAX_BY_ACCOUNT // workers, 2)
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=self._by_account)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._untold: list[str] = []
        self._forgiven: list[str] = []
        self._heard: set[int] = set()

    def wait_seconds(self, remote: str) -> int:
        """Return after how many seconds an address may try again, 0 when it may now."""
        who, now = _who(remote), self._clock()
        with self._lock:
            waits = []
            failed = self._failed.get(who)
            if failed is not None and len(failed) >= self._by_address:
                waits.append(failed[0] + WINDOW_SECONDS - now)
            if len(self._all) >= self._by_account and who not in self._known:
                waits.append(self._all[0] + WINDOW_SECONDS - now)
        longest = max(waits, default=0.0)
        return int(longest) + 1 if longest > 0 else 0

    def failed(self, remote: str) -> None:
        """Count a failed attempt."""
        who, now = _who(remote), self._clock()
        with self._lock:
            self._count(who, now)
            self._untold.append(who)
            del self._untold[:-MAX_ADDRESSES]

    def succeeded(self, remote: str) -> None:
        """Remember an address that logged in."""
        who = _who(remote)
        with self._lock:
            self._failed.pop(who, None)
            self._known[who] = None
            self._known.move_to_end(who)
            _bound(self._known)
            self._forgiven.append(who)
            del self._forgiven[:-MAX_ADDRESSES]

    def share(self, others: Others) -> None:
        """Tell others what failed here since the last call, and count what failed elsewhere.

        Raises:
            StoreError: they can't be told; the next call tries again.
        """
        with self._lock:
            untold, forgiven = list(self._untold), list(self._forgiven)
        heard = others.exchange(untold, forgiven, WINDOW_SECONDS)
        now = self._clock()
        with self._lock:
            del self._untold[: len(untold)]
            del self._forgiven[: len(forgiven)]
            for who, age_seconds, number in heard:
                if number not in self._heard:
                    self._count(who, now - age_seconds)
            self._heard = {number for _, _, number in heard}

    def _count(self, who: str, at: float) -> None:
        if who not in self._failed:
            self._failed[who] = deque(maxlen=self._by_address)
        self._failed[who].append(at)
        self._failed.move_to_end(who)
        self._all.append(at)
        _bound(self._failed)


def _bound(entries: OrderedDict[str, object] | OrderedDict[str, deque[float]] | OrderedDict[str, None]) -> None:
    while len(entries) > MAX_ADDRESSES:
        entries.popitem(last=False)


def _who(remote: str) -> str:
    try:
        found = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    if found.version == 4:  # noqa: PLR2004 (a version of the protocol)
        return str(found)
    return str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False).network_address)

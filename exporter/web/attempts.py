"""How often somebody may try to log in: by address, and for all addresses together."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_SECONDS = 300.0
MAX_BY_ADDRESS = 10
"""Failed attempts of one address within the window; with several workers each has its share of them."""

MAX_BY_ACCOUNT = 100
"""Failed attempts of all addresses: beyond, only addresses that logged in before may try."""

MAX_ADDRESSES = 10_000
_IPV6_NETWORK_BITS = 64
"""One subscriber of IPv6 has that many addresses of one network to try from."""


class Attempts:
    """Counts failed log-ins of one worker. Safe for threads.

    Args:
        workers: how many there are.
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
            if who not in self._failed:
                self._failed[who] = deque(maxlen=self._by_address)
            self._failed[who].append(now)
            self._failed.move_to_end(who)
            self._all.append(now)
            _bound(self._failed)

    def succeeded(self, remote: str) -> None:
        """Remember an address that logged in."""
        who = _who(remote)
        with self._lock:
            self._failed.pop(who, None)
            self._known[who] = None
            self._known.move_to_end(who)
            _bound(self._known)


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

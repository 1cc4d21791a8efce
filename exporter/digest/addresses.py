"""Names of requests that were made of addresses: one that is asked for now and then is none of its own.

Where a client tells no route, `/orders/17` is called `/orders/*`. Words tell nothing of that kind: `/orders/fail/4` may
be a route, or what somebody tried. So such a name counts under the one that covers it, when there is one, until it was
asked for often enough to be a route.
"""

from __future__ import annotations

from collections import Counter

SETTLED = 10
"""Requests after which a name stands for itself."""
MAX_NAMES = 2000
"""Of one project; beyond, those that were asked for once are forgotten."""
_ANY = "*"


class Addresses:
    """The names of one project that were made of addresses, and how often they were asked for."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def name(self, sent: str) -> str:
        """Return the name under which a request counts: its own, or a known one that covers it."""
        self._seen[sent] += 1
        if self._seen[sent] < SETTLED and (cover := self._cover(sent)) is not None:
            return cover
        if len(self._seen) > MAX_NAMES:
            self._seen = Counter({name: seen // 2 for name, seen in self._seen.items() if seen > 1})
        return sent

    def _cover(self, sent: str) -> str | None:
        """Find the longest known name that ends in ``*`` and begins like this one."""
        parts = sent.split("/")
        for length in range(len(parts) - 1, 2, -1):  # not under all of the service
            cover = "/".join((*parts[: length - 1], _ANY))
            if cover != sent and cover in self._seen:
                return cover
        return None

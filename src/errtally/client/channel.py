"""A bounded queue between many callers and one sender; what does not fit pushes out the oldest, and is counted."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from errtally.client.post import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from errtally.client.discards import Discards

log = logging.getLogger("errtally.client")


class Channel:
    """One kind of items on their way to one route.

    Appending to a deque takes no lock, so a caller never waits, not even in a signal handler.

    Args:
        category: what the items are called in the report of discards.
        capacity: items that wait at most.
        batch: items sent at once.
        encode: makes the bytes to send of an item, or None when it is not to be sent (and has been counted).
        post: sends encoded items.
        discards: where losses are counted.
    """

    def __init__(
        self,
        category: str,
        *,
        capacity: int,
        batch: int,
        encode: Callable[[Any], bytes | None],
        post: Callable[[list[bytes]], Answer],
        discards: Discards,
    ) -> None:
        self.category = category
        self.capacity = capacity
        self.batch = batch
        self._encode = encode
        self._post = post
        self._discards = discards
        self.renew()

    def renew(self) -> None:
        """Forget everything, in the child after a fork: the parent sends it."""
        self._waiting: deque[Any] = deque()
        self._front: list[bytes] = []
        self._unanswered = 0

    def put(self, item: object) -> int:
        """Append an item and return how many wait."""
        waiting = self._waiting
        while len(waiting) >= self.capacity:
            try:
                waiting.popleft()
            except IndexError:
                break
            self._discards.add("queue_overflow", self.category)
        waiting.append(item)
        return len(waiting)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._front)

    def next_batch(self) -> list[bytes]:
        """Return the items to send now, in order; they stay in front until they have been taken.

        What was posted and perhaps taken is sent again as the same batch, so that the server can tell.
        """
        front = self._front
        if self._unanswered:
            return list(front[: self._unanswered])
        while len(front) < self.batch:
            try:
                item = self._waiting.popleft()
            except IndexError:
                break
            try:
                encoded = self._encode(item)
            except Exception:
                # One item that can't be encoded must not hold up those behind it.
                log.exception("an item can't be sent")
                self._discards.add("internal_error", self.category)
                continue
            if encoded is not None:
                front.append(encoded)
        return list(front[: self.batch])

    def take_all(self) -> Iterator[list[bytes]]:
        """Yield everything that waits, in batches and in order, and forget it: it is put elsewhere.

        What a sender that is stuck reports later changes the list that it had, not what came after.
        """
        front, self._front = self._front, []
        self._unanswered = 0
        for start in range(0, len(front), self.batch):
            yield front[start : start + self.batch]
        while batch := self.next_batch():
            self._front = []
            yield batch

    def send(self) -> Answer | None:
        """Send one batch; None when nothing waits.

        A batch that is not taken stays in front. One that is too large is halved, and what is refused alone is
        counted and forgotten, since it would be refused again.
        """
        batch, front = self.next_batch(), self._front
        if not batch:
            return None
        answer = self._post(batch)
        while answer.verdict is Verdict.TOO_LARGE and len(batch) > 1:
            batch = batch[: len(batch) // 2]
            answer = self._post(batch)
        # Not when somebody has taken everything in the meantime.
        is_kept = answer.verdict is Verdict.AGAIN and answer.left is None and front is self._front
        self._unanswered = len(batch) if is_kept else 0
        if answer.verdict in {Verdict.TOO_LARGE, Verdict.REFUSED}:
            self._discards.add(answer.verdict.value, self.category, len(batch))
        if answer.verdict is not Verdict.AGAIN:
            del front[: len(batch)]
        elif answer.left is not None:
            front[: len(batch)] = [batch[place] for place in answer.left]
        return answer

"""A bounded queue between many callers and one sender; what does not fit pushes out the oldest, and is counted."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from errtally.client.complaints import complain
from errtally.client.post import Answer, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from errtally.client.discards import Discards

_MAX_DOUBTFUL = 5
"""Answers to one batch, each of which says that the batch itself may be the trouble, before it is given up."""


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
        halves_refused: whether a batch that is refused is halved, to find the items that are, as one that is too large.
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
        halves_refused: bool = False,
    ) -> None:
        self.category = category
        self.capacity = capacity
        self.batch = batch
        self._encode = encode
        self._post = post
        self._discards = discards
        self._halved = {Verdict.TOO_LARGE, Verdict.REFUSED} if halves_refused else {Verdict.TOO_LARGE}
        self.renew()

    def renew(self) -> None:
        """Forget everything, in the child after a fork: the parent sends it."""
        self._waiting: deque[Any] = deque()
        self._front: list[bytes] = []
        self._unanswered = 0
        self._doubtful = 0
        self._suspects = 0

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
            except Exception as exc:  # noqa: BLE001 (one item that can't be encoded must not hold up those behind it)
                complain("an item can't be sent, and is dropped", exc)
                self._discards.add("internal_error", self.category)
                continue
            if encoded is not None:
                front.append(encoded)
        # The half that is left of a batch that was halved is not looked for in a batch of others.
        return list(front[: min(self.batch, self._suspects or self.batch)])

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
        counted and forgotten, since it would be refused again. So is a batch to which the server has no proper answer
        time and again, or those behind it would wait for ever.
        """
        batch, front = self.next_batch(), self._front
        if not batch:
            return None
        answer = self._post(batch)
        while answer.verdict in self._halved and len(batch) > 1:
            self._suspects = self._suspects or len(batch)
            batch = batch[: len(batch) // 2]
            answer = self._post(batch)
        if front is not self._front:
            return answer  # somebody has taken everything in the meantime
        if answer.verdict is Verdict.AGAIN:
            self._keep(batch, answer)
            return answer
        self._doubtful = self._unanswered = 0
        if answer.verdict is not Verdict.TAKEN:
            self._discards.add(answer.verdict.value, self.category, len(batch))
        self._forget(len(batch))
        return answer

    def _forget(self, count: int) -> None:
        del self._front[:count]
        self._suspects = max(0, self._suspects - count)

    def _keep(self, batch: list[bytes], answer: Answer) -> None:
        """Keep what was not taken, in front; what is in doubt only so often."""
        self._doubtful = self._doubtful + 1 if answer.is_doubtful else 0
        left = range(len(batch)) if answer.left is None else answer.left
        if self._doubtful >= _MAX_DOUBTFUL:
            self._doubtful = self._unanswered = 0
            self._discards.add("no_proper_answer", self.category, len(left))
            self._forget(len(batch))
            return
        self._unanswered = len(batch) if answer.left is None else 0
        if answer.left is not None:
            self._front[: len(batch)] = [batch[place] for place in left]

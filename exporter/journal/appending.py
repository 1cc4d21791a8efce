"""What takes records before they are answered for: a journal on the disk, or one that exporters share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from errtally.errors import JournalFullError


class Appending(Protocol):
    """The end of a journal that is appended to."""

    def append(self, payload: bytes, events: int, received: float, *, until_known: bool = False) -> None:
        """Append one record; when this returns, it is as durable as the journal is.

        Args:
            payload: the encoded record.
            events: how many events are in it.
            received: when they were received, seconds since the epoch.
            until_known: whether to wait, for however long, until it is known that it was appended, or that it was not.

        Raises:
            JournalFullError: there is no room; nothing was appended.
            JournalError: it was not appended, or, unless ``until_known``, nobody knows.
        """

    def append_all(self, payloads: Sequence[tuple[bytes, int]], received: float, *, until_known: bool = False) -> None:
        """Append several records, all or none of them: each an encoded record and how many events are in it.

        Raises:
            JournalError: as `append`.
        """

    def refusal(self) -> JournalFullError | None:
        """Why nothing is taken at the moment, None when records are; cheap, for asking before a request is read."""

    def problem(self) -> str | None:
        """Say why records can't be kept, None while they can; a journal that is full does what it should."""

    def look(self) -> None:
        """See whether records can be kept; to be called now and then, for when nothing is appended.

        Raises:
            JournalError: they can't.
        """

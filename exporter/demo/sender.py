"""Sends the demo's messages and counts what the exporter said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from errtally.exporter.demo.messages import Message

TIMEOUT_SECONDS = 10
_OK_BELOW = 300


class DemoError(ErrtallyError):
    """The exporter can't be reached, or refuses what the demo sends."""


@dataclass(slots=True)
class Tally:
    """What was sent for one project."""

    events: int = 0
    timings: int = 0
    accepted: int = 0
    rejected: int = 0
    last_refusal: str = ""


@dataclass(slots=True)
class Sender:
    """One connection to an exporter; ``tallies`` has a row for each project."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            DemoError: nothing answers at the address, or the key is not taken there (401, 403, 404).
        """
        try:
            answer = self.session.post(
                self.url.rstrip("/") + message.path, data=message.body, headers=message.headers, timeout=TIMEOUT_SECONDS
            )
        except (requests.RequestException, ValueError) as exc:  # a ValueError: it is no address at all
            raise DemoError(
                f"no exporter answers at {self.url}; start one, or say where it is with --url http://HOST:PORT"
            ) from exc
        tally = self.tallies.setdefault(message.project, Tally())
        tally.events += message.events
        tally.timings += message.timings
        if answer.status_code < _OK_BELOW:
            tally.accepted += 1
            return
        tally.rejected += 1
        tally.last_refusal = f"{answer.status_code} {answer.text[:200].strip()}"
        if answer.status_code in {401, 403, 404}:
            raise DemoError(
                f"{self.url} refuses project {message.project!r}: {tally.last_refusal}; "
                "give a key with --key, and a project of each name if the exporter has projects configured"
            )

    @property
    def rejected(self) -> int:
        """Requests refused so far, over all projects."""
        return sum(tally.rejected for tally in self.tallies.values())

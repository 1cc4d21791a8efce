"""Reads server-sent events as a browser does: what a stream's bytes mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass
class Message:
    """One event: its name, id and data; a heartbeat has an id and no data, and browsers show it to nobody."""

    name: str
    id: str
    data: Any

    @property
    def number(self) -> int:
        return int(self.id.rpartition("-")[2])


class Parser:
    """Takes bytes as they come, and keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.comments: list[str] = []
        self.retry: int | None = None
        self.last_id = ""
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        *frames, self._rest = (self._rest + chunk).split(b"\n\n")
        for frame in frames:
            self._take(frame.decode())

    def drop_rest(self) -> None:
        """Forget a frame that a lost connection cut off."""
        self._rest = b""

    def _take(self, frame: str) -> None:
        name, data = "message", []
        for line in frame.split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not field:
                self.comments.append(value)
            elif field == "id":
                self.last_id = value
            elif field == "event":
                name = value
            elif field == "retry":
                self.retry = int(value)
            else:
                assert field == "data", frame
                data.append(value)
        if data:
            self.messages.append(Message(name, self.last_id, json.loads("\n".join(data))))

    def events(self) -> list[dict[str, Any]]:
        """What was told of single events."""
        return [message.data for message in self.messages if message.name == "message"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [message.data for message in self.messages if message.name == name]

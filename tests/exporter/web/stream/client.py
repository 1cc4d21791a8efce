"""A client of the stream."""

from __future__ import annotations

import time
from contextlib import contextmanager

from tests.event_stream import Parser
from tests.exporter.inprocess import environ
from tests.waiting import PATIENCE_SECONDS

PATH = "/api/errors/stream"


class Client:
    """A stream that a server would iterate over."""

    def __init__(self, exporter, query="", headers=None):
        made = environ(PATH, b"", headers, method="GET", query=query)
        made |= {"wsgi.url_scheme": "http", "SERVER_NAME": "localhost", "SERVER_PORT": "9765"}
        started = []
        self.parts = exporter.app(made, lambda status, sent, _=None: started.append((status, dict(sent))))
        self.status, self.headers = started[0]
        self.parser = Parser()
        self._iterator = iter(self.parts)

    def step(self):
        chunk = next(self._iterator, None)
        if chunk is not None:
            self.parser.feed(chunk)
        return chunk

    def until(self, is_enough):
        """Read until enough is there."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_enough(self.parser):
            assert time.monotonic() < end, (self.parser.messages, self.parser.comments)
            assert self.step() is not None
        return self.parser

    def messages(self, number):
        return [
            event["message"] or event["title"] for event in self.until(lambda p: len(p.events()) >= number).events()
        ]

    def rest(self):
        """Read what is there until it is silent."""
        beats = len(self.parser.comments)
        self.until(lambda parser: len(parser.comments) > beats)
        return self.parser


@contextmanager
def streaming(exporter, query="", headers=None):
    client = Client(exporter, query, headers)
    assert client.status.startswith("200"), b"".join(client.parts)
    try:
        client.step()
        yield client
    finally:
        client.parts.close()


def send(exporter, *messages, project="shop", **fields):
    events = [{"message": message, **fields} for message in messages]
    assert exporter.post(f"/api/events?project={project}", {"events": events}).status == 200
    exporter.fold()

"""The limit: the exporter's own HTTP server with a door that reads, inflates, decodes by the same structs, and answers.

Nothing is checked, scrubbed, grouped, kept or counted: what the exporter costs beyond this is its own doing. With
``granian`` the same call runs under granian's WSGI interface with one thread, to have a server of others beside ours.

``bare`` is the exporter's own server with a door that answers without a look.

Run as ``python -m errtally.exporter.bench.limit PORT WORKERS [own|granian|bare]``.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from errtally.exporter.bench.work import BATCH_EVENTS
from errtally.exporter.front.front import Front
from errtally.exporter.ingest.body import decompress
from errtally.exporter.protocols.native import NativeEvent
from errtally.exporter.protocols.sentry import envelope, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from errtally.exporter.front.front import Door

_MAX_BYTES = 1 << 20
_BACKLOG = 1024
_JSON = [("Content-Type", "application/json")]


class _Batch(msgspec.Struct):
    events: list[NativeEvent]


_event = msgspec.json.Decoder(NativeEvent)
_batch = msgspec.json.Decoder(_Batch)


def taken(environ: dict[str, Any]) -> bytes:
    """Read, inflate and decode one request; return the answer's body."""
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    if encoding := environ.get("HTTP_CONTENT_ENCODING"):
        body = decompress(body, encoding, _MAX_BYTES)
    if environ["PATH_INFO"] != "/api/events":
        head, offset = envelope.header(body)
        for _, payload in envelope.items(body, offset):
            wire.event(payload)
        return b'{"id":"%s"}' % str(head.event_id).encode()
    if body.startswith(b'{"events":'):
        return b'{"accepted":%d}' % len(_batch.decode(body).events)
    _event.decode(body)
    return b'{"accepted":1}'


class LimitDoor:
    """Answers on the loop."""

    def answer(
        self,
        environ: dict[str, Any],
        *,
        is_inline: bool,  # noqa: ARG002 (as `Door` has it)
    ) -> tuple[int, Sequence[tuple[str, str]], bytes]:
        """Answer one request."""
        return 200, _JSON, taken(environ)


class BareDoor:
    """Answers on the loop, without a look at what came."""

    def answer(
        self,
        environ: dict[str, Any],
        *,
        is_inline: bool,  # noqa: ARG002 (as `Door` has it)
    ) -> tuple[int, Sequence[tuple[str, str]], bytes]:
        """Answer one request."""
        events = 1 if environ["wsgi.input"].read(10) != b'{"events":' else BATCH_EVENTS
        return 200, _JSON, b'{"accepted":%d}' % events


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer one request as WSGI has it."""
    body = taken(environ)
    start_response("200 OK", [*_JSON, ("Content-Length", str(len(body)))])
    return [body]


def serve_own(port: int, workers: int, door: Door) -> None:
    """Serve with the exporter's own server, one process a worker."""
    for _ in range(workers):
        if os.fork() == 0:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(_BACKLOG)
            front = Front(listener, door, application, body_bytes=1 << 24, threads=1)
            front.run()
            os._exit(0)
    signal.pause()


def serve_granian(port: int, workers: int) -> None:
    """Serve with granian's WSGI interface, one thread a worker."""
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415 (only where it is installed)
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    Server(
        f"{__spec__.name}:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=1,
        http=HTTPModes.http1,
        websockets=False,
        log_level=LogLevels.error,
    ).serve()


def main(port: int, workers: int, server: str = "own") -> None:
    """Serve until killed."""
    if server == "granian":
        serve_granian(port, workers)
    else:
        serve_own(port, workers, BareDoor() if server == "bare" else LimitDoor())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])

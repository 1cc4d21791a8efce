"""The first thing that a worker process runs.

Run by the supervisor as ``python -m errtally.exporter.worker_start LISTENER READY`` with the numbers of the listening
socket and of the pipe to say that it is ready through; what `config.to_json` wrote comes as the first line of
standard input, and the end of standard input is the end of the supervisor.
"""

from __future__ import annotations

import os
import socket
import sys

from errtally.exporter.parent_death import end_with_parent

_STANDARD_INPUT = 0


def start(listener: int, ready: int) -> None:
    """Run a worker until it is told to stop."""
    settings = _line(_STANDARD_INPUT)
    end_with_parent(_STANDARD_INPUT)
    # Heavy, and the parent may die meanwhile.
    import structlog  # noqa: PLC0415

    from errtally.errors import ErrtallyError  # noqa: PLC0415
    from errtally.exporter.worker import create_worker  # noqa: PLC0415

    is_ready = False

    def say_ready() -> None:
        nonlocal is_ready
        is_ready = True
        os.write(ready, b"1")
        os.close(ready)

    try:
        create_worker(settings).run(socket.socket(fileno=listener), say_ready)
    except (OSError, ErrtallyError) as exc:
        if is_ready:
            raise
        structlog.get_logger(__name__).error("a worker can't start", reason=str(exc))
        os._exit(1)
    # Threads that still make a page or wait for a client are not worth waiting for.
    os._exit(0)


def _line(descriptor: int) -> str:
    """Read the one line that comes."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 65_536)
        if not piece:
            os._exit(1)  # the supervisor died before it could say how to run
        line += piece
    return line.decode()


if __name__ == "__main__":
    start(int(sys.argv[1]), int(sys.argv[2]))

"""The first thing that a worker process runs; imports little, so that it comes early."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from errtally.exporter.parent_death import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.connection import Connection
    from typing import Any
    from wsgiref.types import StartResponse

    Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def start(settings: str, ready: Connection) -> Application:
    """Build a worker's application.

    Args:
        settings: what `config.hand_over` wrote. It comes through the pipe that starts the process and not in its
            environment, which others can read.
        ready: where to say that the application is built.
    """
    end_with_parent()
    # By name, so that the supervisor, which imports this module, does not carry the web framework in its memory.
    application: Application = importlib.import_module("errtally.exporter.worker").create_worker(settings)
    ready.send_bytes(b"ready")
    ready.close()
    return application

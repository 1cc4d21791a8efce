"""What ends the supervisor of the workers, and what does not."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.faults.processes import wait_until

from errtally.errors import ErrtallyError
from errtally.exporter.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def handlers() -> Iterator[None]:
    """Leaves the signals of this process as they were."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    former = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, former, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_worker_that_dies_before_it_takes_its_settings_is_one_that_died() -> None:
    others = {child.pid for child in psutil.Process().children()}
    killed: list[int] = []

    def settings() -> str:
        """Kill the worker that is about to be told them, as a kernel without memory does."""
        [worker] = [child for child in psutil.Process().children() if child.pid not in others.union(killed)]
        killed.append(worker.pid)
        worker.kill()
        wait_until(lambda: worker.status() == psutil.STATUS_ZOMBIE)
        return "{}"

    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ErrtallyError, match="no worker comes up"):
        Supervisor([listener], settings).serve(on_ready=lambda: None, on_reload=lambda: False)
    assert len(killed) == 3

"""What ends the supervisor of the workers, and what does not."""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from tests.faults.processes import wait_until

from errtally.errors import ErrtallyError
from errtally.exporter.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

POPEN = subprocess.Popen
WORKER = """
import os, signal, sys
sys.stdin.readline()
os.write(int(sys.argv[1]), b"1")
signal.pause()
"""
"""A worker that is ready at once."""


@pytest.fixture
def handlers() -> Iterator[None]:
    """Leaves the signals of this process as they were."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    former = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, former, strict=True):
        signal.signal(number, handler)


class System:
    """Starts workers as the system does, or refuses to.

    Attributes:
        started: the processes, in their order.
        refusals: errors with which the next starts fail.
        refused: how many starts failed.
    """

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[bytes]] = []
        self.refusals: list[int] = []
        self.refused = 0

    def popen(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """In place of `subprocess.Popen`."""
        if self.refusals:
            self.refused += 1
            number = self.refusals.pop(0)
            raise OSError(number, os.strerror(number))
        process = POPEN([sys.executable, "-c", WORKER, command[-1]], **options)
        self.started.append(process)
        return process

    def living(self) -> list[subprocess.Popen[bytes]]:
        """Those that run."""
        return [process for process in self.started if process.poll() is None]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    """What a supervisor starts its workers by in a test."""
    found = System()
    monkeypatch.setattr(subprocess, "Popen", found.popen)
    return found


def serve(script: Callable[[], None], settings: Callable[[], str] = lambda: "{}") -> list[BaseException]:
    """Supervise one worker while a script runs, then stop; return what went wrong in the script."""
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            script()
        except BaseException as exc:  # noqa: BLE001 (told to the test)
            wrong.append(exc)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=run)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Supervisor([listener], settings).serve(on_ready=thread.start, on_reload=lambda: True)
    thread.join()
    return wrong


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def reload() -> None:
    """Ask for one."""
    os.kill(os.getpid(), signal.SIGHUP)


@pytest.mark.usefixtures("handlers")
def test_a_worker_that_dies_before_it_takes_its_settings_is_one_that_died(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        """Kill the worker that is about to be told its settings, as a kernel without memory does."""
        process = POPEN(*arguments, **options)
        process.kill()
        wait_until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        killed.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", start)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ErrtallyError, match="no worker comes up"):
        Supervisor([listener], lambda: "{}").serve(on_ready=lambda: None, on_reload=lambda: False)
    assert len(killed) == 3


@pytest.mark.usefixtures("handlers")
def test_a_system_that_never_has_a_process_for_a_worker_ends_the_exporter_with_a_sentence(system: System) -> None:
    system.refusals = [errno.EAGAIN] * 9
    files = _open_files()
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(ErrtallyError, match="no worker comes up"):
        Supervisor([listener], lambda: "{}").serve(on_ready=lambda: None, on_reload=lambda: False)
    assert system.refused == 3
    assert _open_files() == files, "pipes of workers that were never started are left"


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE], ids=errno.errorcode.get)
def test_a_worker_that_died_while_the_system_has_no_process_is_started_later(system: System, number: int) -> None:
    def script() -> None:
        wait_until(lambda: len(system.started) == 1)
        time.sleep(0.5)  # it is seen to be ready
        system.refusals = [number] * 2
        system.started[0].kill()
        wait_until(lambda: system.refused == 2 and len(system.living()) == 1)

    assert serve(script) == []


@pytest.mark.usefixtures("handlers")
def test_a_successor_that_the_system_has_no_process_for_is_started_later(system: System) -> None:
    def script() -> None:
        wait_until(lambda: len(system.started) == 1)
        time.sleep(0.5)
        system.refusals = [errno.EAGAIN, errno.EMFILE]
        reload()
        wait_until(lambda: system.refused == 1)
        assert system.living() == system.started, "the worker goes on"
        wait_until(lambda: len(system.started) == 2 and system.living() == system.started[1:])

    assert serve(script) == []


@pytest.mark.usefixtures("handlers")
def test_a_worker_that_dies_while_its_successor_comes_up_is_replaced_by_it(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script() -> None:
        wait_until(lambda: len(system.started) == 1)
        time.sleep(0.5)
        monkeypatch.setattr(sys.modules[__name__], "WORKER", "import signal; signal.pause()")
        reload()
        wait_until(lambda: len(system.started) == 2)
        system.started[0].kill()
        time.sleep(0.5)
        assert len(system.started) == 2, "no third process for one place"
        assert system.living() == system.started[1:]

    assert serve(script) == []


@pytest.mark.usefixtures("handlers")
def test_a_successor_that_dies_at_its_start_is_tried_again(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def script() -> None:
        wait_until(lambda: len(system.started) == 1)
        time.sleep(0.5)
        with monkeypatch.context() as context:
            context.setattr(sys.modules[__name__], "WORKER", "raise SystemExit(3)")
            reload()
            wait_until(lambda: len(system.started) == 3)
            assert system.started[0].poll() is None, "the worker goes on"
        wait_until(lambda: len(system.living()) == 1 and system.living() == system.started[-1:])

    assert serve(script) == []


@pytest.mark.usefixtures("handlers")
def test_a_second_reload_replaces_a_successor_that_has_the_settings_of_the_first(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def settings() -> str:
        said.append("{}")
        return "{}"

    def script() -> None:
        wait_until(lambda: len(system.started) == 1)
        time.sleep(0.5)
        with monkeypatch.context() as context:
            context.setattr(sys.modules[__name__], "WORKER", "import signal; signal.pause()")
            reload()
            wait_until(lambda: len(system.started) == 2)
        reload()
        wait_until(lambda: len(system.started) == 3 and system.living() == system.started[2:])
        assert len(said) == 3

    assert serve(script, settings) == []


@pytest.mark.usefixtures("handlers")
def test_a_worker_is_seen_to_be_ready_with_more_files_open_than_select_knows(system: System) -> None:
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, former[1]), former[1]))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:

        def script() -> None:
            wait_until(lambda: len(system.started) == 1)
            reload()
            wait_until(lambda: len(system.started) == 2 and system.living() == system.started[1:])

        assert serve(script) == []
    finally:
        for number in files:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, former)

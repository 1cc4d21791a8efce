"""The exporter under test: started on a data directory, killed without warning, asked what it has counted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests
from prometheus_client.parser import text_string_to_metric_families

from errtally import names
from errtally.errors import ErrtallyError

READY_SECONDS = 30.0
COUNT_SECONDS = 120.0
_TIMEOUT_SECONDS = 10
_POLL_SECONDS = 0.1
_STOP_SECONDS = 15
_SETTLE_SECONDS = 0.5


class BenchError(ErrtallyError):
    """The exporter under test did not start, or did not answer as it should."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What /metrics says: events counted, and events accepted but not counted yet."""

    events: int
    lag: int


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class _Processes:
    """A program that this benchmark started, with all its processes."""

    def __init__(self, command: list[str], log: Path | None) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ERRTALLY_")}
        with (log or Path(os.devnull)).open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 (the interpreter that runs this)
                command, stdout=file, stderr=file, start_new_session=True, env=environment
            )

    def processes(self) -> list[psutil.Process]:
        """The exporter's processes, the first of them and its descendants."""
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        """CPU time that the processes have used, in user and kernel mode."""
        total = 0.0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def memory_bytes(self) -> int:
        """Proportional set size over the processes: what they share counts once."""
        total = 0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total

    def kill(self) -> None:
        """Kill every process at once with SIGKILL."""
        processes = self.processes()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(processes, timeout=_STOP_SECONDS)


class LimitServer(_Processes):
    """What bench/limit.py serves.

    Args:
        port: of loopback.
        server: ``own`` or ``granian``.
        workers: processes.
    """

    def __init__(self, port: int, server: str, workers: int) -> None:
        """Start it and wait until it takes connections.

        Raises:
            BenchError: it ended, or did not listen in time.
        """
        self.url = f"http://127.0.0.1:{port}"
        super().__init__([sys.executable, "-m", "errtally.exporter.bench.limit", str(port), str(workers), server], None)
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_listening(port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise BenchError(f"the limit's server ({server}) did not start")
            time.sleep(_POLL_SECONDS)
        time.sleep(_SETTLE_SECONDS)  # the other processes

    def _is_listening(self, port: int) -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True


class Server(_Processes):
    """One exporter that this benchmark started, with all its processes."""

    def __init__(self, port: int, data_dir: Path, workers: int) -> None:
        """Start it and wait until it is ready.

        Raises:
            BenchError: it ended, or was not ready in time; says what it wrote.
        """
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "errtally", "serve", "--listen", f"127.0.0.1:{port}"]
        command += ["--data-dir", str(data_dir), "--workers", str(workers)]
        self._log = data_dir.parent / f"{data_dir.name}.log"
        super().__init__(command, self._log)
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise BenchError(f"the exporter did not become ready: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(_POLL_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=_TIMEOUT_SECONDS).ok
        except requests.RequestException:
            return False

    def stop(self) -> None:
        """End it in the usual way, and hard when it does not listen."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


def scrape(url: str) -> Counted:
    """Read /metrics.

    Raises:
        BenchError: it does not answer, or with a status that is not 200.
    """
    try:
        answer = requests.get(f"{url}/metrics", timeout=_TIMEOUT_SECONDS)
        answer.raise_for_status()
    except requests.RequestException as exc:
        raise BenchError(f"{url}/metrics does not answer: {exc}") from exc
    events = lag = 0.0
    for family in text_string_to_metric_families(answer.text):
        if family.name == names.EVENTS.family:
            events += sum(sample.value for sample in family.samples if sample.name == names.EVENTS.name)
        elif family.name == names.JOURNAL_LAG_EVENTS.name:
            lag += sum(sample.value for sample in family.samples)
    return Counted(int(events), int(lag))


def counted(url: str) -> Counted:
    """Wait until nothing accepted waits to be counted, then say how many events were.

    Raises:
        BenchError: /metrics does not answer, or the lag never gets to 0.
    """
    deadline = time.monotonic() + COUNT_SECONDS
    last = scrape(url)
    while True:
        time.sleep(_POLL_SECONDS)
        now = scrape(url)
        if now.lag == 0 and now == last:
            return now
        if time.monotonic() > deadline:
            raise BenchError(f"{url}: {now.lag} accepted events still wait to be counted after {COUNT_SECONDS:.0f} s")
        last = now

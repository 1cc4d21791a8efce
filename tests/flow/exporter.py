"""Run the real exporter for a test: its own data directory and port, stopped or killed with all its processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.flow.programs import free_port
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

AT_ONCE: dict[str, Any] = {"alerting": {"scrape_interval": "0s"}}
"""A configuration in which no new series is shown at 0 before its first value, for tests that add counters up."""

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Exporter:
    """One exporter on a port of loopback."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        environ: Mapping[str, str] | None = None,
        max_files: int | None = None,
        under: Sequence[str] = (),
    ) -> None:
        self.data_dir = folder / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.listen = f"127.0.0.1:{self.port}"
        self.log = folder / "exporter.log"
        self._flags = flags
        self._environ = environ or {}
        self._max_files = max_files
        self._under = under
        self._process: subprocess.Popen[bytes] | None = None

    def with_flags(self, *flags: str) -> Exporter:
        """Add flags before the start, such as a configuration that has to know the port."""
        self._flags += flags
        return self

    def with_environ(self, environ: Mapping[str, str]) -> Exporter:
        """Add variables before the next start."""
        self._environ = {**self._environ, **environ}
        return self

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "errtally", "serve", "--listen", self.listen]
        command += ["--data-dir", str(self.data_dir), *self._flags]
        command = [*self._under, *command]
        if self._max_files is not None:
            command = ["sh", "-c", f'ulimit -n {self._max_files}; exec "$@"', "sh", *command]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._environ},
            )

    def wait_until_ready(self) -> None:
        """Wait until it is ready, or fail when it ends before."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end and self.is_running:
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=10):
                    return
            except urllib.error.HTTPError as exc:  # it answers, and is not ready yet
                exc.close()
                time.sleep(0.05)
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise AssertionError(f"the exporter is not ready:\n{self.log.read_text()[-3000:]}")

    @property
    def is_running(self) -> bool:
        """Whether its supervisor runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill all its processes at once, as a power switch would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def wait(self) -> int:
        """Wait until it has ended by itself and return its exit code."""
        assert self._process is not None
        return self._process.wait(60)

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Post a body; return status and body of the answer."""
        request = urllib.request.Request(self.url + path, data=body, headers=dict(headers or {}), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.read()

    def get_any(self, path: str) -> tuple[int, bytes]:
        """Get a page whatever its status; return both."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as exc:
            with exc:
                return exc.code, exc.read()

    def connect(self) -> socket.socket:
        """Open a connection and send nothing."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """Get a page."""
        request = urllib.request.Request(self.url + path, headers=dict(headers or {}))
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            body: bytes = answer.read()
            return body

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def series(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Scrape it: sample name and labels to value."""
        found = {}
        for line in self.get("/metrics").decode().splitlines():
            if not line.startswith("#") and (match := _SAMPLE.fullmatch(line)):
                labels = frozenset(_LABEL.findall(match[2] or ""))
                found[match[1], labels] = float(match[3])
        return found

    def total(self, metric: names.Metric, **labels: str) -> float:
        """Add up the series of a metric that have some labels."""
        wanted = set(labels.items())
        return sum(value for (name, own), value in self.series().items() if name == metric.name and wanted <= own)

    def total_count(self, histogram: names.Metric, **labels: str) -> float:
        """Add up the counts of a histogram that have some labels."""
        wanted, name = set(labels.items()), f"{histogram.name}_count"
        return sum(value for (sample, own), value in self.series().items() if sample == name and wanted <= own)

    def wait_until_folded(self) -> None:
        """Wait until everything accepted is counted."""
        until(
            lambda: self.total(names.UP) and not self.total(names.JOURNAL_LAG_EVENTS),
            lambda: f"not folded:\n{self.log.read_text()[-3000:]}",
        )

    def wait_for_total(self, metric: names.Metric, expected: float, **labels: str) -> None:
        """Wait for a sum that comes late: what workers count of their own work, they tell now and then."""
        until(
            lambda: self.total(metric, **labels) >= expected,
            lambda: f"{metric.name} of {labels} is {self.total(metric, **labels)}, not {expected}",
        )
        assert self.total(metric, **labels) == expected


@contextmanager
def counting(folder: Path) -> Iterator[Exporter]:
    """Run an exporter whose series are all shown with their values at once, until the block ends."""
    path = folder / "errtally.yml"
    path.write_text(json.dumps(AT_ONCE))
    with running(folder, "--config", str(path)) as exporter:
        yield exporter


@contextmanager
def running(folder: Path, *flags: str, environ: Mapping[str, str] | None = None) -> Iterator[Exporter]:
    """Run an exporter until the block ends."""
    exporter = Exporter(folder, *flags, environ=environ)
    exporter.start()
    try:
        yield exporter
    finally:
        exporter.stop()

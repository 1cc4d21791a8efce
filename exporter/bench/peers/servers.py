"""Comparisons with servers: Bugsink on the same envelopes, pushgateway on single pushes."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

import psutil

from errtally.exporter.bench.ingest import Load, Measurement, measure_own
from errtally.exporter.bench.peers.programs import program
from errtally.exporter.bench.peers.row import NotMeasuredError, Row, in_turns
from errtally.exporter.bench.server import free_port
from errtally.exporter.bench.work import KINDS, requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from errtally.exporter.bench.peers.programs import Environment
    from errtally.exporter.bench.work import Kind

PUSHES = 3000
GROUPS = 50
CONNECTIONS = 4
READY_SECONDS = 60.0
_STOP_SECONDS = 5.0
_CONFIG = "bugsink_conf.py"
_MAKE_PROJECT = """
from projects.models import Project
project = Project.objects.create(name="bench")
print("MADE", project.id, project.sentry_key)
"""
_COUNT = "from events.models import Event; print('COUNTED', Event.objects.count())"


def pushing(folder: Path, load: Load) -> Row:
    """A native event a POST beside a push of one sample to pushgateway, which replaces instead of adding."""
    found = program("prometheus-pushgateway", "pushgateway")
    said = subprocess.run([found, "--version"], check=False, capture_output=True, text=True)  # noqa: S603
    version = re.search(r"version (\S+)", said.stdout + said.stderr)
    single = next(kind for kind in KINDS if kind.name == "native-single")
    turns = iter(range(1000))

    def ours() -> float:
        return own(single, load, folder / f"own-{next(turns)}").server_cpu_microseconds or 0.0

    def theirs() -> float:
        port = free_port()
        with _running([found, f"--web.listen-address=127.0.0.1:{port}"], port, folder) as process:
            before = _cpu_seconds(process)
            connection = HTTPConnection("127.0.0.1", port, timeout=10)
            for number in range(PUSHES):
                path = f"/metrics/job/bench/instance/{number % GROUPS}"
                connection.request("POST", path, body=b"# TYPE errors counter\nerrors %d\n" % number)
                answer = connection.getresponse()
                answer.read()
                if answer.status >= 300:  # noqa: PLR2004 (not taken)
                    raise NotMeasuredError(f"pushgateway answered {answer.status}")
            connection.close()
            return (_cpu_seconds(process) - before) / PUSHES * 1e6

    note = "one sample a push, replaced and in memory only; errtally adds up, groups and keeps"
    peer = f"pushgateway {version[1] if version else ''}"
    return in_turns("a single POST", "CPU us", ours, peer, theirs, note)


def own(kind: Kind, load: Load, folder: Path) -> Measurement:
    """Measure ours.

    Raises:
        NotMeasuredError: accepted, durable and counted are not equal: then the figure says nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    row = measure_own(kind, load, folder, workers=2)
    if not row.is_proven:
        raise NotMeasuredError(f"errtally: accepted {row.accepted}, durable {row.durable}, counted {row.counted}")
    return row


def bugsink(folder: Path, environment: Environment, load: Load) -> list[Row]:
    """Sentry envelopes beside Bugsink, set up as its own instructions say for a single server.

    Returns:
        Events that are accepted, and events that are grouped and stored, both a second.
    """
    peer = environment.need("bugsink")
    home = folder / "bugsink"
    site = _Bugsink(home, environment)
    kind = next(kind for kind in KINDS if kind.name == "sentry-envelope")
    first = own(kind, load, folder / "own-first")
    accepted, grouped = site.drive(load.seconds)
    last = own(kind, load, folder / "own-last")
    ours = (first.events_per_second + last.events_per_second) / 2
    work = "Sentry envelopes of 9 KB, gzip"
    note = f"{load.connections} connections to ours, {CONNECTIONS} to Bugsink, gunicorn's 2 workers and snappea"
    turns = {"ours": [first.events_per_second, last.events_per_second]}
    return [
        Row(f"{work}: accepted", "events/s", ours, peer, accepted, note, is_rate=True, turns=turns),
        Row(f"{work}: grouped and stored", "events/s", ours, peer, grouped, "ours: all were counted after the run",
            is_rate=True, turns=turns),
    ]  # fmt: skip


class _Bugsink:
    """One site of Bugsink in a folder of its own."""

    def __init__(self, home: Path, environment: Environment) -> None:
        self._home, self._bin = home, environment.bin
        self._environment = {**os.environ, "PATH": f"{environment.bin}:{os.environ['PATH']}"}
        data = home / "data"
        for name in ("snappea", "ingestion"):
            (data / name).mkdir(parents=True)
        self._run("bugsink-create-conf", "--template=singleserver", "--host=localhost", f"--base-dir={data}")
        with (home / _CONFIG).open("a") as file:
            # The quotas of a fresh installation would refuse most of the work.
            file.write("\nBUGSINK['MAX_EVENTS_PER_PROJECT_PER_5_MINUTES'] = 10_000_000\n")
            file.write("BUGSINK['MAX_EVENTS_PER_PROJECT_PER_HOUR'] = 10_000_000\nALLOWED_HOSTS = ['*']\n")
        self._run("bugsink-manage", "migrate")
        self._run("bugsink-manage", "migrate", "snappea", "--database=snappea")
        made = re.search(r"MADE (\S+) (\S+)", self._run("bugsink-manage", "shell", "-c", _MAKE_PROJECT))
        if made is None:
            raise NotMeasuredError("bugsink: no project could be made")
        self._project, self._key = made[1], made[2].replace("-", "")

    def drive(self, seconds: float) -> tuple[float, float]:
        """Send for some seconds; return events accepted, and events grouped and stored, a second."""
        port = free_port()
        server = [str(self._bin / "gunicorn"), "--bind", f"127.0.0.1:{port}", "--workers", "2", "bugsink.wsgi"]
        with (
            _running(server, port, self._home, self._environment),
            _running([str(self._bin / "bugsink-runsnappea")], None, self._home, self._environment),
        ):
            before, began = self._counted(), time.monotonic()
            accepted = self._send(port, seconds)
            sent = time.monotonic() - began
            grouped, ended = self._counted() - before, time.monotonic() - began
            if not accepted:
                raise NotMeasuredError("bugsink accepted nothing")
            return accepted / sent, grouped / ended

    def _send(self, port: int, seconds: float) -> int:
        ready = requests("sentry-envelope", "localhost", os.urandom(12).hex())
        lock, accepted, deadline = threading.Lock(), [0], time.monotonic() + seconds

        def client() -> None:
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            while time.monotonic() < deadline:
                with lock:
                    _, _, body = next(ready).partition(b"\r\n\r\n")
                path = f"/api/{self._project}/envelope/?sentry_key={self._key}&sentry_version=7"
                headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-sentry-envelope"}
                headers["X-Forwarded-Proto"] = "https"
                with suppress(HTTPException, OSError):
                    connection.request("POST", path, body=body, headers=headers)
                    answer = connection.getresponse()
                    answer.read()
                    with lock:
                        accepted[0] += answer.status < 300  # noqa: PLR2004 (taken)
                    continue
                connection.close()

        threads = [threading.Thread(target=client) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return accepted[0]

    def _counted(self) -> int:
        found = re.search(r"COUNTED (\d+)", self._run("bugsink-manage", "shell", "-c", _COUNT))
        if found is None:
            raise NotMeasuredError("bugsink does not tell how many events it has")
        return int(found[1])

    def _run(self, name: str, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 (the environment's own program)
            [str(self._bin / name), *arguments],
            check=False, cwd=self._home, env=self._environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        if done.returncode:
            raise NotMeasuredError(f"{name}: {done.stderr.strip()[-300:]}")
        return done.stdout


@contextmanager
def _running(
    command: list[str], port: int | None, folder: Path, environment: dict[str, str] | None = None
) -> Iterator[psutil.Popen]:
    """Run a server in a folder, from when its port takes connections."""
    with (folder / "peer.log").open("ab") as log:
        process = psutil.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while port is not None:
            with suppress(OSError):
                connection = HTTPConnection("127.0.0.1", port, timeout=1)
                connection.connect()
                connection.close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotMeasuredError(f"{command[0]} did not start: {(folder / 'peer.log').read_text()[-300:]}")
            time.sleep(0.1)
        yield process
    finally:
        family = [process, *process.children(recursive=True)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.terminate()
        for one in psutil.wait_procs(family, timeout=_STOP_SECONDS)[1]:
            one.kill()


def _cpu_seconds(process: psutil.Popen) -> float:
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total

"""Whatever dies, in whatever order: no process of a dead exporter answers, and a living one answers again."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest
from tests.faults.processes import of_session, wait_until, workers
from tests.flow.exporter import Exporter, running
from tests.flow.programs import free_port

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

GOOD = b'{"message":"no stock"}'
STARTS = int(os.environ.get("ERRTALLY_FAULT_STARTS", "6"))
STOP_SECONDS = 5.0
"""What the documentation promises of a stop; the supervisors of processes have ten, fifteen or thirty."""


def _serve(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "errtally", "serve", "--data-dir", str(folder / "other"), *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_second_exporter_on_a_taken_address_says_so_and_ends(tmp_path: Path, host: str) -> None:
    with running(tmp_path, "--workers", "2") as exporter:
        done = _serve(tmp_path, "--listen", f"{host}:{exporter.port}")
        assert done.returncode == 1
        assert done.stderr.startswith("Error: can't listen on ")
        assert done.stderr.endswith("another program listens there\n")
        assert len(done.stderr.splitlines()) == 1
        for _ in range(20):
            assert exporter.post("/api/events", GOOD)[0] == 200
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS) == 20


@pytest.mark.parametrize(
    ("listen", "said"),
    [
        pytest.param("[::2]:{port}", "it is no address of this machine", id="an address of another machine"),
        pytest.param("no-such-name.invalid:{port}", "is no address of this machine", id="a name that is not known"),
    ],
)
def test_an_address_that_can_not_be_bound_is_told_in_one_sentence(tmp_path: Path, listen: str, said: str) -> None:
    config, word = tmp_path / "errtally.yml", tmp_path / "word"
    word.write_text("x")
    config.write_text(f"projects: [{{name: a, keys: [k1]}}]\nweb: {{password_file: {word}}}\n")
    done = _serve(tmp_path, "--config", str(config), "--listen", listen.format(port=free_port()))
    assert (done.returncode, done.stderr.startswith("Error: can't listen on "), said in done.stderr) == (1, True, True)
    assert "Traceback" not in done.stderr


def test_a_name_is_bound_and_answers(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path)
    exporter.listen = f"localhost:{exporter.port}"
    exporter.start()
    assert exporter.post("/api/events", GOOD)[0] == 200
    assert exporter.stop() == 0


@pytest.mark.parametrize("attempt", range(STARTS))
def test_a_supervisor_that_dies_while_it_starts_leaves_nobody_behind(tmp_path: Path, attempt: int) -> None:
    port = free_port()
    command = [sys.executable, "-m", "errtally", "serve", "--listen", f"127.0.0.1:{port}", "--workers", "2"]
    command += ["--data-dir", str(tmp_path / "data")]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    # From the moment in which the workers are made to that in which they have long been up.
    wait_until(lambda: len(of_session(process.pid)) >= 2 or process.poll() is not None)
    time.sleep(random.Random(attempt).uniform(0, 2.5) * attempt / STARTS)
    process.kill()
    process.wait()
    # A worker that was being made while the supervisor died ends at its first look, so both are asked again.
    wait_until(lambda: not of_session(process.pid) and _is_refused(port))


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_frozen_worker_of_a_dead_supervisor_is_dead_too(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, "--workers", "2")
    exporter.start()
    for worker in workers(exporter):
        worker.suspend()
    psutil.Process(exporter.pid).kill()
    wait_until(lambda: not of_session(exporter.pid), within_seconds=5)
    exporter.kill()


def test_a_killed_exporter_can_be_started_at_once(tmp_path: Path) -> None:
    exporter = Exporter(tmp_path, "--workers", "2")
    for number in range(3):
        exporter.start()
        assert exporter.post("/api/events", GOOD)[0] == 200, number
        psutil.Process(exporter.pid).kill()
        assert exporter.wait() == -signal.SIGKILL
    exporter.start()
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS) == 3
    assert exporter.stop() == 0


def test_a_worker_that_dies_twice_does_not_end_the_healthy_one(tmp_path: Path) -> None:
    with running(tmp_path, "--workers", "2") as exporter:
        healthy, unlucky = workers(exporter)
        for _ in range(3):
            unlucky.kill()
            unlucky.wait(10)
            wait_until(lambda: len(workers(exporter)) == 2)
            [unlucky] = [worker for worker in workers(exporter) if worker.pid != healthy.pid]
        assert healthy.is_running()
        for _ in range(20):  # also those that the kernel gives to the place of the one that died
            assert exporter.post("/api/events", GOOD)[0] == 200
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS) == 20


@contextlib.contextmanager
def _unfinished_body(exporter: Exporter):
    with socket.create_connection(("127.0.0.1", exporter.port)) as client:
        client.sendall(b"POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{")
        time.sleep(0.5)
        yield


@contextlib.contextmanager
def _dripping_body(exporter: Exporter):
    stop = threading.Event()

    def drip(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not stop.wait(0.1):
                client.sendall(b" ")

    with socket.create_connection(("127.0.0.1", exporter.port)) as client:
        client.sendall(b"POST /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n{")
        thread = threading.Thread(target=drip, args=(client,))
        thread.start()
        yield
        stop.set()
        thread.join()


@contextlib.contextmanager
def _frozen_worker(exporter: Exporter):
    worker = workers(exporter)[0]
    worker.suspend()
    yield
    with contextlib.suppress(psutil.NoSuchProcess):
        worker.kill()


_LOCKING = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print(flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def _locked_store(exporter: Exporter):
    command = [sys.executable, "-c", _LOCKING, str(exporter.data_dir / "errtally.sqlite3")]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    exporter.post("/api/events", GOOD)
    time.sleep(0.5)
    yield
    holder.kill()
    holder.communicate()


@contextlib.contextmanager
def _open_stream(exporter: Exporter):
    with socket.create_connection(("127.0.0.1", exporter.port)) as client:
        client.sendall(b"GET /api/errors/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        yield


HOLDING = [_unfinished_body, _dripping_body, _frozen_worker, _locked_store, _open_stream]


@pytest.mark.parametrize("holding", HOLDING, ids=lambda one: one.__name__.strip("_"))
def test_a_stop_takes_no_longer_than_is_promised(tmp_path: Path, holding) -> None:
    exporter = Exporter(tmp_path, "--workers", "2")
    exporter.start()
    leader = exporter.pid
    with holding(exporter):
        os.kill(leader, signal.SIGTERM)
        began = time.monotonic()
        assert exporter.wait() == 0
        # On the machine's own clock, with a margin for one that is busy: today's failures took a minute, or for ever.
        assert time.monotonic() - began < 4 * STOP_SECONDS
    wait_until(lambda: not of_session(leader), within_seconds=5)  # multiprocessing's tracker ends a moment later


def _are_renewed(exporter: Exporter, former: set[int]) -> bool:
    return not former & {worker.pid for worker in workers(exporter)}


def test_a_reload_refuses_no_connection(tmp_path: Path) -> None:
    """Each event comes on a connection of its own, while all workers are replaced, twice."""
    with running(tmp_path, "--workers", "2") as exporter:
        stop, odd, taken = threading.Event(), [], [0] * 3

        def send(place: int) -> None:
            while not stop.is_set():
                connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=30)
                try:
                    connection.request("POST", "/api/events", GOOD, {"Connection": "close"})
                    status = connection.getresponse().status
                    taken[place] += status == 200
                    if status != 200:
                        odd.append(status)
                except (OSError, http.client.HTTPException) as exc:
                    odd.append(repr(exc))
                finally:
                    connection.close()

        senders = [threading.Thread(target=send, args=(place,)) for place in range(3)]
        for sender in senders:
            sender.start()
        try:
            for _ in range(2):
                former = {worker.pid for worker in workers(exporter)}
                os.kill(exporter.pid, signal.SIGHUP)
                wait_until(partial(_are_renewed, exporter, former), within_seconds=60)
        finally:
            stop.set()
            for sender in senders:
                sender.join()
        assert odd == []
        exporter.wait_until_folded()
        assert exporter.total(names.EVENTS) == sum(taken) > 0


def test_no_key_or_password_stands_in_what_proc_shows_of_a_process(tmp_path: Path) -> None:
    config, word = tmp_path / "errtally.yml", tmp_path / "word"
    word.write_text("pass-word-of-the-pages")
    config.write_text(f"projects: [{{name: a, keys: [key-of-a-project]}}]\nweb: {{password_file: {word}}}\n")
    with running(tmp_path, "--config", str(config), "--workers", "2") as exporter:
        processes = of_session(exporter.pid)
        assert len(processes) >= 3
        for process in processes:
            shown = f"{process.environ()} {process.cmdline()}"
            assert "key-of-a-project" not in shown
            assert "pass-word-of-the-pages" not in shown

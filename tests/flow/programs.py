"""Start Prometheus and Alertmanager for a test, each in its own folder and on a free port of loopback."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import yaml
from tests.peers import peer
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_STOP_SECONDS = 30
_LOG_CHARACTERS = 3000


def free_port() -> int:
    """Return a port of loopback that nobody listens on now, for programs that can't be asked which one they took."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def program(command: Sequence[str], *, folder: Path, ready_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends; its output goes to a log in ``folder``, which a failure to start shows."""
    log = folder / f"{command[0].rsplit('/', 1)[-1]}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            _wait_until_ready(process, ready_url, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    why: object = "no answer"
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except urllib.error.HTTPError as exc:
            with exc:  # it answers, but is not ready yet
                why = str(exc)
            time.sleep(0.1)
        except (urllib.error.URLError, TimeoutError, ConnectionError) as exc:
            why = exc
            time.sleep(0.1)
    raise AssertionError(f"{url} is not ready ({why}):\n{log.read_text(errors='replace')[-_LOG_CHARACTERS:]}")


@contextmanager
def alertmanager(
    folder: Path, files: Mapping[str, str], address: str = "", *, binary: Path | None = None
) -> Iterator[str]:
    """Run Alertmanager with generated files (``alertmanager.yml`` among them); yield its address HOST:PORT.

    With the same folder and address it is the same one again, with what it remembered. ``binary`` is another than the
    machine's own.
    """
    binary = binary or peer("alertmanager")
    _write(folder, files)
    address = address or f"127.0.0.1:{free_port()}"
    command = [
        str(binary),
        "--config.file=alertmanager.yml",
        "--storage.path=state",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with program(command, folder=folder, ready_url=f"http://{address}/-/ready"):
        yield address


@contextmanager
def prometheus(
    folder: Path,
    rules: Mapping[str, str],
    *,
    target: str,
    alertmanager_address: str,
    interval: str = "1s",
    beside: Mapping[str, str] | None = None,
    features: Sequence[str] = ("exemplar-storage",),
    binary: Path | None = None,
) -> Iterator[str]:
    """Run Prometheus; yield its address HOST:PORT.

    It scrapes ``target`` (HOST:PORT) as the job errtally, and ``beside`` it what other jobs there are; ``features`` are
    those that it has behind flags. ``binary`` is another than the machine's own.
    """
    binary = binary or peer("prometheus")
    config = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": ["*.rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager_address]}]}]},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [address]}]}
            for job, address in {"errtally": target, **(beside or {})}.items()
        ],
    }
    _write(folder, {**rules, "prometheus.yml": yaml.safe_dump(config)})
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(binary),
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        f"--web.listen-address={address}",
        f"--enable-feature={','.join(features)}",
        "--rules.alert.resend-delay=1s",
    ]
    with program(command, folder=folder, ready_url=f"http://{address}/-/ready"):
        yield address


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

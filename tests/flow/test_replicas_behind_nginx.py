"""The programs of docker-compose.ha.yml by hand: PostgreSQL, three replicas, nginx with the shipped configuration."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.exporter.postgres import Server, data_folder
from tests.flow.exporter import Exporter
from tests.flow.nginx import around, nginx
from tests.flow.programs import free_port
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.flow

ROOT = Path(__file__).parents[2]


def _configuration(folder: Path, port: int, replicas: list[Exporter]) -> Path:
    """The shipped file with this test's ports."""
    text = (ROOT / "deploy/proxy/replicas.conf").read_text().replace("listen 9765;", f"listen 127.0.0.1:{port};")
    for number, replica in enumerate(replicas, 1):
        assert f"server replica-{number}:9765;" in text
        text = text.replace(f"server replica-{number}:9765;", f"server {replica.listen};")
    assert "9765" not in re.sub(r"#.*", "", text)
    return around(folder, text)


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[tuple[str, list[Exporter]]]:
    """The balancer's address, and the replicas behind it."""
    program = nginx()
    with ExitStack() as stack:
        server = Server(stack.enter_context(data_folder()))
        server.start()
        stack.callback(server.stop)
        replicas = []
        for number in (1, 2, 3):
            folder = tmp_path / f"replica-{number}"
            folder.mkdir()
            flags = ("--config", str(ROOT / "deploy/errtally.yml"))
            replica = Exporter(folder, *flags, environ={"ERRTALLY_DATABASE": server.address})
            replica.start()
            stack.callback(replica.stop)
            replicas.append(replica)
        port = free_port()
        path = _configuration(tmp_path, port, replicas)
        process = stack.enter_context(subprocess.Popen([program, "-c", path]))
        stack.callback(process.terminate)
        address = f"http://127.0.0.1:{port}"
        until(lambda: _ready(address), (tmp_path / "error.log").read_text)
        yield address, replicas


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/-/ready", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _send(address: str, count: int) -> None:
    for number in range(count):
        body = json.dumps({"message": f"no stock of {number}", "level": "error"}).encode()
        request = urllib.request.Request(f"{address}/api/1/store/?sentry_key=demokey", data=body)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            assert answer.status == 200


def _counted(replica: Exporter) -> float:
    return replica.total(names.EVENTS, project="demo")


def test_every_replica_counts_what_came_to_any_and_one_that_dies_takes_nothing_with_it(
    chain: tuple[str, list[Exporter]],
) -> None:
    address, replicas = chain
    _send(address, 30)
    for replica in replicas:
        until(lambda one=replica: _counted(one) == 30, lambda one=replica: f"{one.url} counts {_counted(one)}")
    replicas[0].kill()
    _send(address, 30)
    for replica in replicas[1:]:
        until(lambda one=replica: _counted(one) == 60, lambda one=replica: f"{one.url} counts {_counted(one)}")
    replicas[0].start()
    until(lambda: _counted(replicas[0]) == 60, lambda: f"the one that died counts {_counted(replicas[0])}")

"""The client in servers that fork: gunicorn with preloaded application, a Celery worker with its pool."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from tests.flow.programs import free_port, program
from tests.waiting import PATIENCE_SECONDS, until

from errtally import names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow

_WEB = """
import errtally
from errtally.client.integrations.wsgi import WsgiMiddleware
errtally.init(project="shop", flush_seconds=60)

def serve(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("web failed")
    start_response("200 OK", [])
    return [b"x"]

app = WsgiMiddleware(serve, transaction=lambda environ: environ["PATH_INFO"])
"""

_TASKS = """
import celery, errtally
from errtally.client.integrations import celery_tasks
errtally.init(project="shop", flush_seconds=60)
celery_tasks.install()
app = celery.Celery("tasks", broker="filesystem://")
folders = {"data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "queue"}
app.conf.update(broker_transport_options=folders)

@app.task(name="shop.price")
def price(number):
    with open("done", "a") as file:
        file.write(".")
    return 1 / (number - 5)
"""


def test_preforked_workers_of_gunicorn_lose_nothing_at_their_end(
    exporter: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERRTALLY_URL", exporter.url)
    (tmp_path / "web.py").write_text(_WEB)
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "web:app", "-w", "2", "--preload", "-b", address]
    with program(command, folder=tmp_path, ready_url=f"http://{address}/ready"):
        for _ in range(20):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"http://{address}/fail", timeout=PATIENCE_SECONDS)
            caught.value.close()
    exporter.wait_until_folded()
    assert exporter.total(names.EVENTS, project="shop", type="ValueError") == 20
    assert exporter.total(names.REQUESTS, project="shop", transaction="/fail") == 20
    assert exporter.total(names.REQUESTS, project="shop", transaction="/ready") >= 1


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_celery_worker_reports_from_its_pool(exporter: Exporter, tmp_path: Path, pool: str) -> None:
    pytest.importorskip("celery")
    (tmp_path / "tasks.py").write_text(_TASKS)
    (tmp_path / "queue").mkdir()
    environ = {**os.environ, "ERRTALLY_URL": exporter.url, "PYTHONWARNINGS": "ignore"}
    send = "import tasks\nfor number in (4, 5, 6, 5): tasks.price.delay(number)"
    subprocess.run([sys.executable, "-c", send], cwd=tmp_path, env=environ, check=True, timeout=PATIENCE_SECONDS)
    command = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", pool, "-c", "2"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (
        (tmp_path / "worker.log").open("wb") as log,
        subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=log, stderr=log) as worker,
    ):
        done = tmp_path / "done"
        until(
            lambda: done.exists() and done.stat().st_size == 4,
            lambda: (tmp_path / "worker.log").read_text()[-2000:],
        )
        worker.send_signal(signal.SIGTERM)
        worker.wait(PATIENCE_SECONDS)
    exporter.wait_until_folded()
    log_text = (tmp_path / "worker.log").read_text()[-2000:]
    assert exporter.total(names.EVENTS, project="shop", type="ZeroDivisionError") == 2, log_text
    assert exporter.total(names.APDEX_REQUESTS, project="shop", transaction="shop.price", zone="frustrated") == 2
    assert exporter.total(names.APDEX_REQUESTS, project="shop", transaction="shop.price") == 4

"""Keeps the store that this version makes, for later ones to open: `python -m tests.exporter.keep_store`.

Run it before the version of the schema is raised, and commit what it writes into `tests/data/stores/`. The exporter is
a real one that takes real requests. PostgreSQL's programs are needed, or the argument `--sqlite`.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.exporter.postgres import Server, data_folder
from tests.flow.programs import free_port

STORES = Path(__file__).parents[1] / "data" / "stores"

ISSUES = {"TypeError": 7, "ValueError": 2, "KeyError": 1}
"""Events of each issue, by its type; the last one is resolved."""


def events() -> list[dict[str, object]]:
    """Return the events that a kept store has taken."""
    return [
        {
            "event_id": f"{number:02x}{name.encode().hex():0<30.30}",
            "message": "in the till",
            "type": name,
            "context": {
                "environment": ("production", "staging")[number % 2],
                "release": f"shop@1.{number % 3}",
                "user": {"id": str(number % 4)},
                "tags": {"colour": ("red", "green")[number % 2]},
            },
        }
        for name, count in ISSUES.items()
        for number in range(count)
    ]


def fill(data_dir: Path, address: str = "") -> None:
    """Have an exporter take all events, and a decision, and end."""
    url = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "errtally", "serve", "--listen", url, "--data-dir", str(data_dir)]
    exporter = subprocess.Popen(command, env={**os.environ, "ERRTALLY_DATABASE": address})
    try:
        _until_ready(f"http://{url}/-/ready", exporter)
        for one in events():
            _post(f"http://{url}/api/events", one)
        found: dict[str, str] = {}
        end = time.monotonic() + 30
        while len(found) < len(ISSUES):
            assert time.monotonic() < end, found
            time.sleep(0.5)
            with urllib.request.urlopen(f"http://{url}/api/issues", timeout=10) as answer:
                found = {one["type"]: one.get("issue") or one["fingerprint"] for one in json.load(answer)["issues"]}
        _post(f"http://{url}/api/issues/{found['KeyError']}/resolve", {})
        time.sleep(2)  # it is folded, and what waits for the pages is
    finally:
        exporter.terminate()
        exporter.wait(60)


def _until_ready(url: str, exporter: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:
            assert exporter.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)


def _post(url: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def keep_sqlite(folder: Path) -> None:
    """Keep the file of a data directory."""
    fill(folder / "data")
    with sqlite3.connect(folder / "data" / "errtally.sqlite3") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        db.execute("VACUUM INTO ?", (str(folder / "kept"),))
    db.close()
    _keep(f"version-{version}.sqlite3.gz", (folder / "kept").read_bytes())


def keep_postgres(folder: Path) -> None:
    """Keep a dump of a database."""
    with data_folder() as where:
        server = Server(where)
        server.start()
        try:
            fill(folder / "shared", server.address)
            dump = server.run("pg_dump", "--inserts", "--no-owner", "-d", server.address)
            ask = "SELECT value FROM meta WHERE name = 'schema_version'"
            version = server.run("psql", "-d", server.address, "-Atc", ask).strip()
        finally:
            server.stop()
    _keep(f"version-{version}.postgres.sql.gz", dump.encode())


def _keep(name: str, content: bytes) -> None:
    (STORES / name).write_bytes(gzip.compress(content, mtime=0))
    print(name, (STORES / name).stat().st_size)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        keep_sqlite(Path(made))
        if "--sqlite" not in sys.argv:
            keep_postgres(Path(made))

"""All that an exporter keeps and shows, to be searched for what must not be there."""

from __future__ import annotations

import json
import sqlite3
import zlib
from typing import TYPE_CHECKING

from tests.flow.stream_client import following

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.exporter import Exporter

ROUTES = ("/", "/?status=all", "/metrics", "/api/issues?limit=500", "/-/healthy", "/-/ready", "/api/schema/event.json")
OPEN_METRICS = {"Accept": "application/openmetrics-text"}


def cells(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every cell of a SQLite file by its table, compressed ones also as they read."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in db.execute(f"SELECT * FROM {table}"):
                for cell in row:
                    content = cell if isinstance(cell, bytes) else str(cell).encode()
                    yield table, content
                    if table == "samples" and isinstance(cell, bytes):
                        yield table, zlib.decompress(cell)
    db.close()


def everything(exporter: Exporter, folder: Path, *, pages: int = 500) -> Iterator[tuple[str, bytes]]:
    """All that the exporter keeps and shows, by where it was found.

    Args:
        exporter: running; everything that was sent is folded.
        folder: holds its data directory and its log; every file there is read, SQLite's own log of changes too.
        pages: issues whose pages are opened, of all that the API lists.
    """
    issues = exporter.get_json("/api/issues?limit=500")["issues"]
    for route in ROUTES:
        yield route, exporter.get(route)
    with following(exporter, "recent=100") as [client]:
        client.wait_for_events(min(10, len(issues)))
        told = [message.data for message in client.parser.messages]
        yield "the live stream", json.dumps(told, ensure_ascii=False).encode()
    yield "/metrics (OpenMetrics)", exporter.get("/metrics", OPEN_METRICS)
    for issue in issues[:pages]:
        found = exporter.get_json(f"/api/issues/{issue['issue']}?project={issue['project']}")
        yield "an issue of the API", json.dumps(found, ensure_ascii=False).encode()
        for sample in found["samples"]:
            path = f"/issues/{issue['issue']}?project={issue['project']}&event={sample['event_id']}"
            yield "an issue's page", exporter.get(path)
    for table, content in cells(exporter.data_dir / "errtally.sqlite3"):
        yield f"table {table}", content
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes()

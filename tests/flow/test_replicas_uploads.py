"""Real exporters on a real PostgreSQL server: what is uploaded to one of them serves the events of all."""

from __future__ import annotations

import json
import shutil
import signal
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.symbols import made
from tests.exporter.web.sentry_api.uploads.uploading import bundle, form, sum_of
from tests.flow.replicas import replicas
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.postgres import Server
    from tests.flow.exporter import Exporter

pytestmark = pytest.mark.flow

API = "/api/0/organizations/acme"
PROJECT = "1"


def _post(exporter: Exporter, path: str, body: bytes, content_type: str) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{exporter.url}{path}", data=body, headers={"Content-Type": content_type, "Authorization": "Bearer none"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
            return answer.status, json.loads(content) if content else None
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()


def _chunk(exporter: Exporter, content: bytes) -> int:
    return _post(exporter, f"{API}/chunk-upload/", *form(("file", sum_of(content), content)))[0]


def _assemble(exporter: Exporter, content: bytes, chunks: list[bytes]) -> tuple[int, Any]:
    asked = {"checksum": sum_of(content), "chunks": [*map(sum_of, chunks)], "projects": [PROJECT], "version": "shop@1"}
    path = f"{API}/artifactbundle/assemble/"
    return _post(exporter, path, json.dumps(asked).encode(), "application/json")


def _build() -> bytes:
    return bundle(
        {
            "files/_/_/app.js": (
                "minified_source", "~/app.js", made.SCRIPT.encode(), {"sourcemap": "app.js.map"},
            ),
            "files/_/_/app.js.map": ("source_map", "~/app.js.map", made.encoded(made.source_map()), {}),
        }
    )  # fmt: skip


def _send_event(exporter: Exporter) -> None:
    status, _ = _post(
        exporter, f"/api/{PROJECT}/store/?sentry_key=any", json.dumps(made.event()).encode(), "application/json"
    )
    assert status == 200


def _culprits(exporter: Exporter) -> set[str]:
    return {one["culprit"] for one in exporter.get_json("/api/issues")["issues"]}


def test_what_is_uploaded_to_one_reads_the_events_of_another(tmp_path: Path, server: Server) -> None:
    content = _build()
    pieces = [content[:300], content[300:]]
    with replicas(tmp_path, server.database("uploads")) as three:
        one, other, third = three.all
        assert _chunk(one, pieces[0]) == 200
        status, told = _assemble(other, content, pieces)
        assert (status, told["state"], told["missingChunks"]) == (200, "not_found", [sum_of(pieces[1])])
        assert _chunk(other, pieces[1]) == 200
        status, told = _assemble(third, content, pieces)
        assert (status, told["state"]) == (200, "ok")
        assert _assemble(one, content, pieces)[1]["state"] == "ok"

        until(lambda: list((other.data_dir / "artifacts" / "tables").glob("javascript.*")))
        _send_event(other)
        until(lambda: _culprits(one) == {"cart in total"}, lambda: f"{_culprits(one)}")

        third.stop()
        shutil.rmtree(third.data_dir)  # a new machine in its place
        third.start()
        until(lambda: len(list((third.data_dir / "artifacts" / "contents").rglob("*.zst"))) == 2)
        path = f"/api/0/projects/acme/{PROJECT}/releases/shop@1/files/"
        assert {file["name"] for file in third.get_json(path)} == {"~/app.js", "~/app.js.map"}


def test_while_the_database_is_away_an_upload_is_refused_so_that_clients_repeat_it(
    tmp_path: Path, server: Server
) -> None:
    content = _build()
    with replicas(tmp_path, server.database("away"), 2) as two:
        one, other = two.all
        server.stop(signal.SIGQUIT)
        assert _chunk(one, content) == 503
        assert _assemble(one, content, [content])[0] == 503
        _send_event(other)
        for exporter in two.all:
            with urllib.request.urlopen(f"{exporter.url}/-/ready", timeout=30) as answer:
                assert answer.status == 200
        server.start()
        until(lambda: _chunk(one, content) == 200)
        assert _assemble(one, content, [content])[1]["state"] == "ok"
        until(lambda: len(list((other.data_dir / "artifacts" / "contents").rglob("*.zst"))) == 2)

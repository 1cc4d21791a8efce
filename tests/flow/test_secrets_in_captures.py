"""A secret in any text of what real clients send, of every protocol, comes out nowhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from tests.flow.everything import everything
from tests.flow.exporter import Exporter, running
from tests.flow.planting import FOLDERS, KINDS, Captured, Planting, captured, found, texts

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.flow

STRIDE = int(os.environ.get("ERRTALLY_PLANT_STRIDE", "7"))
"""Of the texts that are tried alone, every so many; 1 by hand."""

EVERYWHERE = int(os.environ.get("ERRTALLY_PLANT_EVERYWHERE", "4"))
"""Of the kinds that are put everywhere in a request, one in so many for each request, another one for the next."""

CONTROL = b"the text that must be found"


@contextlib.contextmanager
def _writer_asleep(exporter: Exporter) -> Iterator[None]:
    """Let nothing be folded, so that all that is sent stays in the journal."""
    os.kill(exporter.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(exporter.pid, signal.SIGCONT)


def _send(exporter: Exporter, request: Captured, body: bytes) -> int:
    return exporter.post(request.path, body, request.headers)[0]


def _plant(exporter: Exporter, folder: str, plant: Planting) -> int:
    """Send the folder's requests with secrets in them; return how many were taken."""
    kinds = list(KINDS)
    taken = 0
    for turn, request in enumerate(captured(folder)):
        for index, kind in enumerate(kinds):
            if (index + turn) % EVERYWHERE == 0:
                taken += _send(exporter, request, plant.everywhere(request, kind)) < 300
        for index in range(turn % STRIDE, texts(request), STRIDE):
            taken += _send(exporter, request, plant.one(request, index, kinds[(index // STRIDE) % len(kinds)])) < 300
    return taken


def test_no_text_of_any_captured_request_comes_out_with_its_secret(tmp_path: Path) -> None:
    folder, journal = tmp_path / "exporter", tmp_path / "journal"
    folder.mkdir()
    plant = Planting()
    with running(folder) as exporter:
        with _writer_asleep(exporter):
            for name in FOLDERS:
                assert _plant(exporter, name, plant) > 3, name
            assert exporter.post("/api/events", b'{"message":"%s"}' % CONTROL)[0] == 200
            shutil.copytree(exporter.data_dir / "journal", journal)
        exporter.wait_until_folded()
        places: dict[str, set[int]] = {}
        has_control: set[str] = set()
        contents = [(f"journal/{path.name}", path.read_bytes()) for path in journal.iterdir()]
        for where, content in (*contents, *everything(exporter, folder, pages=60)):
            places.setdefault(where, set()).update(found(content))
            if CONTROL in content:
                has_control.add(where.partition("/")[0] if where.startswith("journal") else where)
        assert exporter.total(names.INGEST_REJECTED, reason="internal_error") == 0
        assert "Traceback" not in exporter.log.read_text()
    leaks = [
        f"{plant.places[number]}: {where}"
        for where, numbers in places.items()
        for number in sorted(numbers & plant.places.keys())  # a hash of a user may look like one that was never planted
    ]
    assert not leaks, f"{len(leaks)} places\n" + "\n".join(leaks[:60])
    assert {"journal", "table samples", "table issues", "/", "/metrics", "an issue's page"} <= has_control
    assert len(plant.places) > 5000


def test_every_kind_is_found_where_nothing_scrubs_it() -> None:
    plant = Planting()
    for kind in KINDS:
        text = plant.text(kind, "here")
        assert found(text.encode()) == {len(plant.places)}, kind
    assert found(b"nothing is here, 4111 and UVpY") == set()

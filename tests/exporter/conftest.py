"""What tests of the exporter share: an exporter in this process, and the databases that a store may live in."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from tests.exporter.databases import POSTGRES
from tests.exporter.inprocess import InProcess
from tests.exporter.postgres import Server, data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
"""What a server may do whose data nobody wants afterwards."""


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[InProcess]:
    """An exporter with nothing configured."""
    made = InProcess(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server for all tests of this process; its address."""
    with data_folder() as folder:
        server = Server(folder, _CARELESS)
        server.start()
        yield server.address
        server.stop(signal.SIGQUIT)  # nobody wants what it would write


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses any database once for each; once where it is about SQLite or would take minutes."""
    if "any_database" in metafunc.fixturenames:
        is_alone = metafunc.definition.get_closest_marker("sqlite_alone") is not None
        databases = ["in SQLite"] if is_alone else ["in SQLite", "in PostgreSQL"]
        metafunc.parametrize("any_database", databases, indirect=True)


@pytest.fixture
def any_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have stores in one of the databases that they may live in."""
    if request.param == "in PostgreSQL":
        monkeypatch.setenv(POSTGRES, os.environ.get(POSTGRES) or request.getfixturevalue("postgres"))
    else:
        monkeypatch.delenv(POSTGRES, raising=False)

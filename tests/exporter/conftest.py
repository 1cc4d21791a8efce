"""What tests of the exporter share: the databases that a store may live in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.exporter.databases import POSTGRES
from tests.exporter.postgres import Server, data_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
"""What a server may do whose data nobody wants afterwards."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server for all tests of this process; its address."""
    with data_folder() as folder:
        server = Server(folder, _CARELESS)
        server.start()
        yield server.address
        server.stop()


@pytest.fixture(params=["in SQLite", "in PostgreSQL"])
def any_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test once for each database that a store may live in."""
    if request.param == "in PostgreSQL":
        monkeypatch.setenv(POSTGRES, os.environ.get(POSTGRES) or request.getfixturevalue("postgres"))
    else:
        monkeypatch.delenv(POSTGRES, raising=False)

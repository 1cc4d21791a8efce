"""Fixtures of these tests."""

from __future__ import annotations

import pytest

from errtally.exporter.store import sqlite
from errtally.exporter.store.writing import StoreWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / sqlite.FILE_NAME


@pytest.fixture
def connections():
    made = []
    yield made
    for connection in made:
        connection.close()


@pytest.fixture
def open_store(path, connections):
    def make(events_per_issue=50, limits=None):
        connections.append(sqlite.create(path))
        store = StoreWriter(connections[-1], events_per_issue=events_per_issue)
        state, positions = store.load(limits or {})
        return store, state, positions

    return make

"""What all tests share: they may run in several processes at once, and those that take longest go first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from tests.exporter.postgres import Server

# How long an example takes says something of the machine, not of the code.
settings.register_profile("errtally", deadline=None)
settings.load_profile("errtally")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server of the module's own."""
    from tests.exporter.postgres import started  # noqa: PLC0415 (few tests need the database's package)

    with started() as one:
        yield one


@pytest.fixture
def address(server: Server, tmp_path: Path) -> str:
    """A database of the test's own."""
    return server.database(tmp_path.name.lower())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process for each core that there is for this one, whatever else the machine has."""
    return len(os.sched_getaffinity(0))


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what needs a browser."""
    if "browser" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.browser)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the tests that run other programs, so that none of them is alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("flow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Make what a test printed fit to be sent between processes: half a character of UTF-16 is not."""
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_encodable, value))
    return value

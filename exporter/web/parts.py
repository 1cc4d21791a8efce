"""The parts of the app, as `create_app` was given them, for the routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

if TYPE_CHECKING:
    from errtally.exporter.store.reading import StoreReader


def part(name: str) -> Any:  # noqa: ANN401 (each caller knows the type of its part)
    """Return a part by its name."""
    return current_app.extensions["errtally"][name]


def reader() -> StoreReader:
    """Return the read side of the store."""
    found: StoreReader = part("reader")
    return found

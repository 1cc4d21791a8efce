"""Fixtures of these tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def opened():
    """Appenders and readers to be closed at the end."""
    made = []
    yield lambda thing: made.append(thing) or thing
    for thing in made:
        thing.close()

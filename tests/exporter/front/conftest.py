"""Fixtures of these tests."""

from __future__ import annotations

import pytest
from tests.exporter.front.serving import PatchableLoops, serving

from errtally.exporter.front import front as fronts


@pytest.fixture
def served(monkeypatch):
    monkeypatch.setattr(fronts, "uvloop", PatchableLoops)
    with serving(monkeypatch) as found:
        yield found

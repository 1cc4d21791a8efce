"""Apdex: zones and scores."""

from __future__ import annotations

import pytest

from errtally.exporter.config import Project
from errtally.exporter.digest.apdex import Thresholds, score, zone


@pytest.mark.parametrize(
    ("duration", "failed", "expected"),
    [(0.0, False, 0), (0.5, False, 0), (0.50001, False, 1), (2.0, False, 1), (2.00001, False, 2), (0.0, True, 2)],
)
def test_zones(duration, failed, expected):
    assert zone(duration, 0.5, failed=failed) == expected


@pytest.mark.parametrize(
    ("zones", "expected"),
    [((1, 0, 0), 1.0), ((0, 1, 0), 0.5), ((0, 0, 1), 0.0), ((60, 30, 10), 0.75), ((0, 0, 0), None)],
)
def test_scores(zones, expected):
    assert score(*zones) == expected


@pytest.mark.parametrize(
    ("project", "transaction", "seconds"),
    [("p", "/a", 2.0), ("p", "/b", 1.0), ("p", "", 1.0), ("q", "/a", 0.5)],
)
def test_thresholds(project, transaction, seconds):
    configured = Project("p", "1", apdex_threshold_seconds=1.0, transaction_apdex_threshold_seconds={"/a": 2.0})
    assert Thresholds((configured,)).seconds(project, transaction) == seconds

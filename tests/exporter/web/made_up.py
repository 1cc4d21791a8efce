"""Requests that are made up of an OpenAPI description: how many, and the same ones in every run of the tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_BY_HAND = "ERRTALLY_API_EXAMPLES"


def requests(count: int) -> settings:
    """Return the settings of a test: so many requests of each operation; others, and as many as it says, by hand."""
    return settings(
        max_examples=int(os.environ.get(_BY_HAND, count)),
        deadline=None,
        derandomize=_BY_HAND not in os.environ,
        suppress_health_check=list(HealthCheck),
    )

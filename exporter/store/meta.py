"""Entries of the table meta that more than one module knows."""

from __future__ import annotations

REQUEST_BOUNDS = "request_duration_bounds"
"""The bounds of buckets of request durations."""

HELD_REQUESTS = "held_requests"
"""The requests that are not counted yet (see digest/requests.py)."""

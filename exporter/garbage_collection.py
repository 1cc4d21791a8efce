"""How Python's collector of reference cycles runs in a process that makes much garbage, hardly any of it in cycles."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 50_000
"""New objects that outlive their making before the youngest are searched for cycles; Python's own figure is 700."""

OLDER_ROUNDS = 20
"""Searches of one generation for one of the next older."""


def freeze() -> None:
    """Search less often, and never what is there now: call it when a process has made what it keeps for good.

    Events are freed by their reference counts. With Python's own thresholds a worker that is sent batches spends a
    fifth of its time on searching its memos and modules again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, OLDER_ROUNDS, OLDER_ROUNDS)

"""Sums over exporters that share a store: replicas show the same series each, which may count only once.

Series of the client library may also come from the application's own address, where each process has counted calls of
its own: those keep their address until they are added.
"""

from __future__ import annotations

import re

from errtally import names
from errtally.dashboards.processes import SCRAPE_LABEL
from errtally.rules.alerts.data_absent import JOB

_SUM = re.compile(r"\bsum(?: by \([^)]*\))? \(")
_LARGEST = "max without (instance) ("


def counted_once(expr: str) -> str:
    """Return a query in which, of series that differ by exporter only, the largest counts before anything is added."""
    place = 0
    while found := _SUM.search(expr, place):
        start = found.end()
        end = _closing(expr, start)
        added = expr[start:end]
        if any(metric.name in added for metric in names.CLIENT_CATALOGUE):
            added = _apart(added)
        expr = f"{expr[:start]}{_LARGEST}{added}){expr[end:]}"
        place = start + len(_LARGEST)
    return expr


def _apart(expr: str) -> str:
    """Give series that exporters do not show a label of their address, which the largest of equal ones leaves."""
    named = f'label_join({expr}, "{SCRAPE_LABEL}", "@", "job", "instance")'
    return f'label_replace({named}, "{SCRAPE_LABEL}", "", "{SCRAPE_LABEL}", "{JOB}@.*")'


def _closing(expr: str, start: int) -> int:
    """Return the place of the parenthesis that closes the one before ``start``."""
    depth, is_text = 1, False
    for place in range(start, len(expr)):
        character = expr[place]
        if character == '"':
            is_text = not is_text
        elif not is_text and character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return place
    raise ValueError(f"a parenthesis is not closed in {expr}")

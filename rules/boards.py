"""The dashboards that alerts lead to: where each is in Grafana, and which labels of an alert it can be narrowed by.

The dashboards room builds them under these names, and its tests compare the variables.
"""

from __future__ import annotations

from dataclasses import dataclass

from errtally import names


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: its address in Grafana (``/d/UID``) and the labels that it has a variable of the same name for."""

    uid: str
    variables: tuple[str, ...] = names.BASE_LABELS


OVERVIEW = Board("errtally-overview")
SERVICE = Board(names.SERVICE_DASHBOARD)
ISSUE = Board(names.ISSUE_DASHBOARD, (*names.BASE_LABELS, "issue"))
PERFORMANCE = Board("errtally-performance", (*names.BASE_LABELS, "transaction"))
SERVICE_LEVELS = Board("errtally-service-levels")
ALERTING = Board("errtally-alerting")
RELEASES = Board("errtally-releases", (*names.BASE_LABELS, "release"))
RECOVERY = Board("errtally-recovery", (*names.BASE_LABELS, "service"))
CODE = Board("errtally-code")
HEALTH = Board("errtally-exporter-health", (*names.BASE_LABELS, "instance"))

BOARDS = (OVERVIEW, SERVICE, ISSUE, PERFORMANCE, SERVICE_LEVELS, ALERTING, RELEASES, RECOVERY, CODE, HEALTH)

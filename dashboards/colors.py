"""Colours of the dashboards: those of Okabe and Ito, which people with any kind of colour blindness tell apart."""

from __future__ import annotations

from errtally import names

RED, ORANGE, GREEN, BLUE = "#D55E00", "#E69F00", "#009E73", "#0072B2"
SKY, PINK, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#999999"
PURPLE = "#8F3BB8"
"""Of marks alone: no series has it, so that a mark is never taken for data. It stands beside words, never for one."""

_AS_TEXT = {ORANGE: "#BC7400", YELLOW: "#8E8500", SKY: "#2B8ECB", GREY: "#808080", PINK: "#C0608F"}
"""Those that are too light to be read on a white panel, darker: 3:1 and more on white and on Grafana's dark panel."""

GOOD, FAIR, BAD = GREEN, YELLOW, RED
"""Of numbers, by their limits; without data a number is grey."""

BY_LEVEL = dict(zip(reversed(names.LEVELS), (RED, ORANGE, YELLOW, SKY, GREY), strict=True))
"""Fatal is the strongest."""
BY_STATUS_CLASS = dict(zip(names.STATUS_CLASSES, (GREEN, SKY, ORANGE, RED, GREY), strict=True))
BY_ZONE = dict(zip(names.APDEX_ZONES, (GREEN, ORANGE, RED), strict=True))
BY_SEVERITY = dict(zip(names.SEVERITIES, (RED, ORANGE, SKY, GREY), strict=True))
BY_QUANTILE = {"median": SKY, "95th percentile": ORANGE, "99th percentile": RED}
BY_ISSUE_STATUS = dict(zip(names.ISSUE_STATUSES, (ORANGE, GREEN, GREY, RED), strict=True))
BY_SESSION_END = {"crashed": RED, "abnormal": PINK, "unhandled": YELLOW, "errored": ORANGE, "exited": GREEN}
BY_BREAKER_STATE = dict(zip(names.BREAKER_STATES, (GREEN, ORANGE, RED), strict=True))
BY_RECOVERY_OUTCOME = dict(zip(names.RECOVERY_OUTCOMES, (GREEN, SKY, RED), strict=True))


def as_text(color: str) -> str:
    """Return the shade of a colour in which numbers and words are read on a light and on a dark panel."""
    return _AS_TEXT.get(color, color)

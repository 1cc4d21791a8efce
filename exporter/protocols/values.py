"""Reading values that clients send: tolerant of the wrong type, strict about what comes out."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from errtally import names

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TEXT = 8192
MAX_LABEL = 200
MAX_WORD = 512
MAX_KNOWN_LABELS = 4096
MAX_FUTURE_SECONDS = 60
MAX_AGE_SECONDS = 30 * 86400
MAX_DURATION_SECONDS = 30 * 86400
_LAST_MOMENT = 253_402_300_800.0
"""The end of the year 9999: what lies beyond is no time, and sums of such durations would become infinite."""
MAX_QUANTITY = 1 << 53
"""Counters are floats, which hold whole numbers up to here; the journal holds no more than 64 bits."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"})

_WORD = re.compile(r"[a-z][a-z#+.-]{0,31}")
DATA_CATEGORIES = frozenset(
    {
        "default", "error", "transaction", "monitor", "span", "log_item", "log_byte", "security", "attachment",
        "session", "profile", "profile_chunk", "profile_chunk_ui", "replay", "feedback", "trace_metric",
        "trace_metric_byte", "internal", "metric_bucket",
    }
)  # fmt: skip
"""What clients say they discarded; each would be a series, so others are one."""

_EVENT_ID = re.compile(r"[0-9a-f]{32}\Z")
_SYSLOG = ("fatal", "fatal", "fatal", "error", "warning", "info", "info", "debug")
_LEVELS = {
    **{level: level for level in names.LEVELS},
    "trace": "debug",
    "log": "info",
    "notice": "info",
    "warn": "warning",
    "err": "error",
    "critical": "fatal",
    "crit": "fatal",
    "severe": "error",
    "emergency": "fatal",
    "emerg": "fatal",
    "verbose": "debug",
    "finest": "debug",
    "finer": "debug",
    "fine": "debug",
    "config": "info",
    "information": "info",
    "informational": "info",
    "success": "info",
    "exception": "error",
    "dpanic": "fatal",
    "alert": "fatal",
    "panic": "fatal",
    "http": "debug",  # of npm's levels, below info
    "silly": "debug",
    **dict.fromkeys(("d", "dbg", "dbug", "vrb", "trc", "trce"), "debug"),  # of klog, Serilog and .NET
    **dict.fromkeys(("i", "inf"), "info"),
    **dict.fromkeys(("w", "wrn"), "warning"),
    **dict.fromkeys(("e", "eror", "fail"), "error"),
    **dict.fromkeys(("f", "ftl", "fault"), "fatal"),
}


def text(value: object, limit: int = MAX_TEXT) -> str | None:
    """Make text of a value: other types as JSON, lone surrogates replaced, cut to ``limit`` characters."""
    if value is None:
        return None
    content = value if isinstance(value, str) else _json(value)
    if not content.isascii():
        content = content.encode("utf-8", "replace").decode("utf-8")
    return content if len(content) <= limit else _cut(content, limit)


def _cut(content: str, limit: int) -> str:
    """Cut a text, where it can be between two words: half a secret is no longer known for one.

    What may be half of one all the same, the scrubber takes from the end of a text that ends in the mark.
    """
    start, stop = max(limit - 1 - MAX_WORD, 1), limit - 1
    for separators in (" \n\t\r", "&;,?\"'<>|(){}[]"):
        end = max(content.rfind(separator, start, stop) for separator in separators)
        if end > 0:
            return content[:end] + "…"
    return content[:stop] + "…"


def _json(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:  # nested just less deeply than what can't be read at all
        return "…"


class _Labels(dict[str | None, str | None]):
    """Texts seen lately to the labels made of them: releases, tags and types come again with every event."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def __missing__(self, sent: str | None) -> str | None:
        if sent is None:
            return None
        made = _clean(sent, self._limit)
        if len(sent) <= self._limit:
            if len(self) >= MAX_KNOWN_LABELS:
                self.clear()
            self[sent] = made
        return made


_labels = {limit: _Labels(limit) for limit in (MAX_LABEL, 64, 32)}
LABELS: Mapping[str | None, str | None] = _labels[MAX_LABEL]
"""Any text, or none, to the label that `label` makes of it; without a call for one that was seen lately."""


def label(value: object, limit: int = MAX_LABEL) -> str | None:
    """Make one line of a value, fit for a label: no control characters, no outer blanks; None when nothing is left."""
    if value is None:
        return None
    if isinstance(value, str) and limit in _labels:
        return _labels[limit][value]
    line = text(value, limit)
    return None if line is None else _clean(line, limit)


def _clean(value: str, limit: int) -> str | None:
    line = text(value, limit) or ""
    if not line.isprintable():
        line = "".join(c if c.isprintable() else " " for c in line)
    return line.strip() or None


def integer(value: Any) -> int | None:  # noqa: ANN401
    """Make a whole number of a value, None when it is not one or is larger than any count."""
    if isinstance(value, bool):
        return None
    try:
        result = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if -MAX_QUANTITY <= result <= MAX_QUANTITY else None


def number(value: Any) -> float | None:  # noqa: ANN401
    """Make a finite number of a value, None when it is not one."""
    if isinstance(value, bool):
        return None
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def parse_time(value: object) -> float | None:
    """Read a time: RFC 3339 text (without zone = UTC) or seconds since the epoch; None when it is neither."""
    if isinstance(value, str):
        try:
            # RFC 3339 allows small letters; Python does not.
            parsed = datetime.fromisoformat(value.strip().upper())
        except ValueError:
            pass
        else:
            return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    seconds = number(value)
    return seconds if seconds is not None and abs(seconds) < _LAST_MOMENT else None


def timestamp(value: object, received: float, drift_seconds: float = 0.0) -> float:
    """Read an event's time; one in the future or older than 30 days is a wrong clock: then when it was received."""
    happened = None if value is None else parse_time(value)
    if happened is None:
        return received
    happened += drift_seconds
    if happened > received + MAX_FUTURE_SECONDS or happened < received - MAX_AGE_SECONDS:
        return received
    return happened


def level(value: object, default: str = "error") -> str:
    """Read a level of which nobody knows the numbering: a name, or a number as syslog or Python's logging has it.

    A protocol that numbers levels calls the function of its numbering instead: 17 is an error of OpenTelemetry's, and
    between DEBUG and INFO of Python's.
    """
    if isinstance(value, str):
        if found := _LEVELS.get(value):
            return found
        name = value.strip().lower()
        return _LEVELS.get(name) or _LEVELS.get(name.rstrip("12345"), default)  # ERROR2 of OpenTelemetry, DEBUG5
    sent = integer(value)
    if sent is None:
        return default
    return level_of_syslog(sent) if 0 <= sent < len(_SYSLOG) else level_of_logging(sent)


def level_of_syslog(severity: int) -> str:
    """Name the level of a syslog severity, 0 (emergency) to 7 (debug): RFC 5424, 6.2.1."""
    return _SYSLOG[severity]


def level_of_logging(number: int) -> str:
    """Name the level of a number of Python's logging, 10 (DEBUG) to 50 (CRITICAL); what is outside is the nearest."""
    return names.LEVELS[min(max(number // 10, 1), 5) - 1]


def level_of_opentelemetry(severity: int) -> str:
    """Name the level of OpenTelemetry's SeverityNumber, 1 (TRACE) to 24 (FATAL4), four to a level."""
    return names.LEVELS[max((severity - 1) // 4 - 1, 0)]


def event_id(value: object) -> str | None:
    """Read an event id: 32 hex digits, with or without dashes, any case; None when it is not one."""
    if not isinstance(value, str):
        return None
    plain = value.replace("-", "").lower()
    return plain if _EVENT_ID.match(plain) else None


def tags(value: object) -> dict[str, str]:
    """Read tags: a mapping or a list of pairs; those without a key or value are left out."""
    if not value:
        return {}
    pairs: list[Any]
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [pair for pair in value if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004 (a pair)
    else:
        return {}
    found: dict[str, str] = {}
    known = _labels[MAX_LABEL]
    for key, content in pairs[:100]:
        name = known[key] if type(key) is str else label(key)
        shown = known[content] if type(content) is str else label(content)
        if name is not None and shown is not None:
            found[name] = shown
    return found


def method(value: object) -> str:
    """Read an HTTP method, in capitals; anything that is not one is ``OTHER``, so that the label stays small."""
    name = str(value or "").upper()
    return name if not name or name in METHODS else "OTHER"


def platform(value: object) -> str | None:
    """Name the language that a client runs on, without the version it may add: `Python/3.11.7` is ``python``."""
    found = _WORD.match(value.strip().lower()) if isinstance(value, str) else None
    return found[0] if found else None


def status_class(code: int | None) -> str:
    """Name the class of an HTTP status code; informational answers and unknown codes are ``unknown``."""
    if code is None or not 200 <= code < 600:  # noqa: PLR2004 (RFC 9110 section 15)
        return "unknown"
    return f"{code // 100}xx"


def data_category(value: object) -> str:
    """Read what kind of data a client discarded; one that is not known is ``other``."""
    name = label(value, 64) or "default"
    return name if name in DATA_CATEGORIES else "other"

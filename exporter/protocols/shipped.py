"""Records of log shippers and loggers, told by their fields and mapped to events of the native API.

Elastic Common Schema 8 (`@timestamp`, `log.level`, `error.stack_trace`; dotted or nested), GELF 1.1, Logstash's and
Docker's JSON, journald's and syslog-ng's capitals, and the lines of pino, bunyan, zap and slog.
"""

from __future__ import annotations

from typing import Any

from errtally.exporter.protocols import tolerant, values

MARKS = ("@timestamp", "log.level", "log", "error", "err", "stack_trace", "severity", "time", "pid", "PRIORITY", "host")
"""Fields that the native API has not: where one of them is, a record with a ``message`` is looked at here as well."""

_MESSAGES = ("message", "msg", "short_message", "log", "MESSAGE", "event", "error.message", "err.message")
_LEVELS = ("level", "log.level", "severity", "lvl", "levelname", "level_name", "PRIORITY", "LEVEL")
_TIMES = ("timestamp", "@timestamp", "time", "ts", "date", "datetime", "ISODATE")
_STACKS = (
    "stack",
    "error.stack_trace",
    "stack_trace",
    "err.stack",
    "error.stack",
    "stacktrace",
    "exc_info",
    "exception",
)
_TYPES = ("type", "error.type", "err.type", "exc_type")
_LOGGERS = ("logger", "log.logger", "logger_name", "loggerName", "name", "PROGRAM", "SYSLOG_IDENTIFIER")
_NATIVE_TEXTS = frozenset({"event_id", "template", "platform", "transaction"})
_CONTEXT = {
    "environment": ("service.environment", "deployment.environment.name", "deployment.environment"),
    "release": ("service.version",),
    "server_name": ("host.name", "hostname", "host", "HOST", "_HOSTNAME"),
}
_TRACES = ("trace.id", "trace_id", "traceId")
_PINO = {10: "debug", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "fatal"}
_MAX_TIME = 1e15
_MILLISECONDS_FROM = 1e11
"""Seconds since the epoch are fewer until the year 5138; milliseconds have been more since 1973."""


def as_event(record: dict[str, Any]) -> dict[str, Any] | None:
    """Map a record to an event of the native API; None when it has no message.

    Args:
        record: the record; what it says under the native API's own names stays.
    """
    stack = _text(record, _STACKS)
    message = _text(record, _MESSAGES)
    full = record.get("full_message")
    if isinstance(full, str) and stack is None and "\n" in full:
        stack = full
    if message is None:
        if stack is None:
            return None
        message = stack.strip().rpartition("\n")[2]
    # A field of another meaning, such as the number that Windows calls event_id, must not cost the record.
    kept = {name: sent for name, sent in record.items() if name not in _NATIVE_TEXTS or isinstance(sent, str)}
    if values.event_id(kept.get("event_id")) is None:
        kept.pop("event_id", None)
    return {
        **kept,
        "message": message.rstrip("\r\n"),
        "level": _level(record),
        "stack": stack,
        "type": None if _is_gelf(record) else _text(record, _TYPES),
        "logger": _text(record, _LOGGERS),
        "timestamp": _time(record),
        "context": _context(record),
    }


def _level(record: dict[str, Any]) -> Any:  # noqa: ANN401 (read as any other level)
    sent = next((value for name in _LEVELS if not isinstance(value := _find(record, name), dict | None)), "error")
    if isinstance(sent, str) and sent.strip().isdecimal():
        sent = int(sent)
    if isinstance(sent, int) and sent in _PINO and _is_pino(record):
        return _PINO[sent]
    return sent


def _is_pino(record: dict[str, Any]) -> bool:
    """Whether numbers of levels are pino's, of which 30 is info; Python's logging has warning there."""
    if record.get("platform") in ("node", "javascript"):
        return True
    return isinstance(record.get("pid"), int) and ("hostname" in record or "v" in record)


def _is_gelf(record: dict[str, Any]) -> bool:
    return "short_message" in record and "version" in record


def _time(record: dict[str, Any]) -> str | float | None:
    for name in _TIMES:
        sent = record.get(name)
        if isinstance(sent, str) and sent:
            return sent
        if isinstance(sent, int | float) and not isinstance(sent, bool) and abs(sent) < _MAX_TIME:
            return sent / 1000 if sent > _MILLISECONDS_FROM else float(sent)
    return None


def _context(record: dict[str, Any]) -> dict[str, Any]:
    context = dict(tolerant.mapping(record.get("context")))
    for name, places in _CONTEXT.items():
        if context.get(name) is None and (found := _text(record, places)) is not None:
            context[name] = found
    tags = dict(tolerant.mapping(context.get("tags")))
    if (service := _text(record, ("service.name", "service"))) is not None:
        tags.setdefault("service", service)
    if _is_gelf(record):
        tags = {**{name[1:]: sent for name, sent in record.items() if name[:1] == "_" and name != "_id"}, **tags}
    context["tags"] = {name: sent for name, sent in tags.items() if isinstance(sent, str | int | float | bool)}
    if context.get("trace") is None and (trace := _text(record, _TRACES)) is not None:
        context["trace"] = {"trace_id": trace}
    return context


def _text(record: dict[str, Any], places: tuple[str, ...]) -> str | None:
    """Return the first of the fields that is text and not empty."""
    return next((sent for name in places if isinstance(sent := _find(record, name), str) and sent.strip()), None)


def _find(record: dict[str, Any], name: str) -> Any:  # noqa: ANN401 (whatever the client sent)
    """Look a field up by its name, dotted or nested."""
    if name in record or "." not in name:
        return record.get(name)
    parts = name.split(".")
    found: Any = record
    for part in parts:
        found = tolerant.mapping(found).get(part)
    return found

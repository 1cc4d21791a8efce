"""Sentry's error and message events, mapped to the shared event model."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from errtally.errors import RejectedError
from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.exporter.ingest.submission import SubmittedEvent
from errtally.exporter.protocols import tolerant, transactions, values
from errtally.exporter.protocols.sentry import failures, wire
from errtally.exporter.symbols import images

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_FRAMES = 250
MAX_EXCEPTIONS = 50
MAX_THREADS = 200
MAX_PARAMETER_CHARACTERS = 1024

_TOO_WIDE = re.compile(r"%[^%a-zA-Z]*(?:\*|[0-9]{3})")
"""A width or precision of three digits or more, or one that a parameter gives: it could ask for gigabytes."""
_SOURCES_OF_CAUSES = frozenset({"__cause__", "__context__", "cause", "InnerException"})
"""Where SDKs found an exception that is the cause of its parent and no member of it."""

_PLACEHOLDER = re.compile(
    r"%\((?P<name>\w+)\)[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]|%(?P<at>\d{1,2})\$[a-zA-Z@]+"
    r"|\{(?P<field>[\w.\- ]*)(?:[:!][^{}]*)?\}"
)
_NUMBERED = re.compile(r"%\d{1,2}\$[a-zA-Z@]")
_MISSING = object()


def decode(
    payload: bytes,
    *,
    received: float,
    event_id: str | None = None,
    drift_seconds: float = 0.0,
    remote_address: str = "",
) -> SubmittedEvent:
    """Decode one event.

    Args:
        payload: the event's JSON.
        received: when it came, seconds since the epoch.
        event_id: the id in the envelope's header, which wins over the payload's.
        drift_seconds: what to add to the client's clock.
        remote_address: stands in for the user address ``{{auto}}``, and for none where ``infer_ip`` says so.

    Raises:
        MalformedError: the payload is not a JSON object.
    """
    sent = wire.event(payload)
    own_id = event_id or values.event_id(sent.event_id)
    template, message = _message(sent)
    trace = sent.contexts.trace if sent.contexts is not None else None
    event = Event(
        event_id=own_id or uuid.uuid4().hex,
        timestamp=values.timestamp(sent.timestamp, received, drift_seconds),
        level=values.level(sent.level),
        message=message,
        template=template,
        exceptions=_exceptions(sent.exception if sent.exception is not None else sent.full_exception),
        platform=values.label(sent.platform, 32),
        logger=values.label(sent.logger),
        culprit=values.label(sent.culprit),
        transaction=transactions.of_event(
            sent.transaction, sent.transaction_info.source if sent.transaction_info is not None else None
        ),
        environment=values.label(sent.environment, 64) or "",
        release=values.label(sent.release),
        server_name=values.label(sent.server_name),
        user=_user(sent.user if sent.user is not None else sent.full_user, remote_address, sent.sdk),
        tags=values.tags(sent.tags),
        fingerprint=_fingerprint(sent.fingerprint),
        trace_id=values.label(trace.trace_id, 32) if trace is not None else None,
        span_id=values.label(trace.span_id, 16) if trace is not None else None,
        has_full_names=any(one is not None for one in (sent.full_exception, sent.full_message, sent.full_stacktrace)),
    )
    if not any(exception.frames for exception in event.exceptions):
        event.frames = _frames(_stack(sent))  # they belong to the exception, as Relay reads them
    thread, moment = _thread(sent), values.parse_time(sent.timestamp)
    if thread is not None and moment is not None:
        failures.mark(event, thread, moment)
    return SubmittedEvent(
        event, lambda: _details(payload), own_id is not None, sent.debug_meta, values.label(sent.dist, 64) or ""
    )


def _message(sent: wire.Event) -> tuple[str | None, str]:
    """Return the message before its parameters were filled in (None when it was not sent), and as people read it."""
    entry = sent.logentry if sent.logentry is not None else sent.message
    if isinstance(entry, str) and isinstance(sent.full_message, dict):
        return values.text(sent.full_message.get("message")), entry
    if entry is None:
        entry = sent.full_message
    if not isinstance(entry, dict):
        return None, values.text(entry) or ""
    template = values.text(entry.get("message"))
    formatted = values.text(entry.get("formatted"))
    if formatted is None:
        formatted = _fill_in(template or "", entry.get("params"))
    is_template = template is not None and (bool(entry.get("params")) or template != formatted)
    return (template if is_template else None), formatted


def _fill_in(template: str, parameters: object) -> str:
    """Fill parameters in, as is when they don't fit: ``%s``, ``%(one)s``, ``{}``, ``{0}``, ``{one}``, ``%1$s``."""
    if not parameters or not isinstance(parameters, (list, dict)) or _TOO_WIDE.search(template):
        return template
    named = parameters if isinstance(parameters, dict) else {str(at): value for at, value in enumerate(parameters)}

    # Once over the template: a value that holds a placeholder itself must not be filled in again and again.
    unnamed = iter(named.values() if isinstance(parameters, list) else ())

    def filled(match: re.Match[str]) -> str:
        name = match["name"] or match["field"]
        if match["at"]:
            name = str(int(match["at"]) - 1)
        if name is None or (not name and isinstance(parameters, list)):
            value = next(unnamed, _MISSING)
        else:
            value = named.get(name.strip(), _MISSING)
        if value is _MISSING:
            return match[0]
        return values.text(value, MAX_PARAMETER_CHARACTERS) or ""

    try:
        if isinstance(parameters, list) and "%" in template and not _NUMBERED.search(template):
            return values.text(template % tuple(parameters)) or ""
    except (TypeError, ValueError, OverflowError):
        return template
    return values.text(_PLACEHOLDER.sub(filled, template)) or ""


def _exception_values(sent: wire.Exceptions | list[wire.ExceptionValue | None] | None) -> list[wire.ExceptionValue]:
    if sent is None:
        return []
    if isinstance(sent, list):
        found: Iterable[wire.ExceptionValue | None] = sent
    elif sent.values is not None:
        found = sent.values
    elif sent.type is None and sent.value is None and sent.stacktrace is None:
        return []
    else:
        found = [sent]
    return [item for item in found if item is not None][-MAX_EXCEPTIONS:]


def _thread(sent: wire.Event) -> str | None:
    """Return the thread in which an event's exception was raised, where the client names it."""
    found = _exception_values(sent.exception)
    return values.label(found[-1].thread_id, 64) if found else None


def _exceptions(sent: wire.Exceptions | list[wire.ExceptionValue | None] | None) -> list[ExceptionInfo]:
    found = [_exception(item) for item in _exception_values(sent)]
    groups = {exception.number for exception in found if exception.is_group}
    for exception in found:
        # Java marks what has suppressed exceptions as a group too; these are no members.
        exception.is_member = exception.is_member and exception.parent in groups
    return found


def _exception(sent: wire.ExceptionValue) -> ExceptionInfo:
    mechanism = sent.mechanism or wire.Mechanism()
    source = values.text(mechanism.source, 64) or ""
    return ExceptionInfo(
        type=values.label(sent.type),
        value=values.text(sent.value),
        module=values.label(sent.module),
        frames=_frames(sent.stacktrace),
        handled=mechanism.handled if isinstance(mechanism.handled, bool) else None,
        synthetic=mechanism.synthetic is True,
        number=values.integer(mechanism.exception_id),
        parent=values.integer(mechanism.parent_id),
        is_group=mechanism.is_exception_group is True,
        is_member=mechanism.type != "suppressed" and source not in _SOURCES_OF_CAUSES,
    )


def _frames(stack: wire.Stacktrace | None) -> list[Frame]:
    if stack is None or not stack.frames:
        return []
    sent = stack.frames
    if len(sent) > MAX_FRAMES:  # recursion: both ends say what happened
        sent = sent[: MAX_FRAMES // 2] + sent[-MAX_FRAMES // 2 :]
    return [frame for frame in sent if frame is not None]


def _stack(sent: wire.Event) -> wire.Stacktrace | None:
    """The stack of an event without exception: its own, or that of the thread that crashed or was current."""
    for stack in (sent.stacktrace, sent.full_stacktrace):
        if stack is not None and stack.frames:
            return stack
    threads = sent.threads.values if isinstance(sent.threads, wire.Threads) else sent.threads
    present = [thread for thread in threads or () if thread is not None and thread.stacktrace is not None]
    for is_it in (lambda t: t.crashed, lambda t: t.current, lambda _: len(present) == 1):
        for thread in present:
            if is_it(thread):
                return thread.stacktrace
    return None


def _user(sent: wire.User | None, remote_address: str, sdk: wire.Sdk | None) -> User | None:
    is_inferred = sdk is not None and sdk.settings is not None and sdk.settings.infer_ip == "auto"
    if sent is None:
        if not is_inferred:
            return None
        sent = wire.User()
    address = values.label(sent.ip_address, 64)
    if address is None and is_inferred:
        address = "{{auto}}"
    user = User(
        id=values.label(sent.id),
        email=values.label(sent.email),
        username=values.label(sent.username),
        ip_address=remote_address or None if address == "{{auto}}" else address,
    )
    return user if user.identity() is not None else None


def _fingerprint(sent: object) -> list[str] | None:
    if not isinstance(sent, list) or not sent:
        return None
    return [values.text(part, 256) or "" for part in sent[:20] if part is not None] or None


def _details(payload: bytes) -> dict[str, Any]:
    """What the event's page shows beside the shared model; lists in the order in which they happened."""
    try:
        sent = tolerant.document(payload)
    except RejectedError as exc:  # the quick decoder skipped what this one can't read: the event is good all the same
        return {"truncated": f"its details can't be read: {exc}"}
    for full, short in wire.INTERFACES.items():
        if full in sent:
            sent.setdefault(short, sent[full])
    exception = sent.get("exception")
    if isinstance(exception, dict):
        exception = exception.get("values", [exception])
    details: dict[str, Any] = {"exceptions": [_exception_details(item) for item in _dicts(exception)]}
    threads = sent.get("threads")
    threads = threads.get("values") if isinstance(threads, dict) else threads
    if not any(exception["frames"] for exception in details["exceptions"]):
        stacks = [sent.get("stacktrace"), *(thread.get("stacktrace") for thread in _dicts(threads))]
        details["frames"] = next((_dicts(stack.get("frames")) for stack in _dicts(stacks)), [])[-MAX_FRAMES:]
        if len(details["exceptions"]) == 1 and details["frames"]:
            details["exceptions"][0]["frames"] = details.pop("frames")
    if len(_dicts(threads)) > 1:  # one alone has the event's own stack
        details["threads"] = [_thread_details(thread) for thread in _dicts(threads)[:MAX_THREADS]]
    breadcrumbs = sent.get("breadcrumbs")
    breadcrumbs = breadcrumbs.get("values") if isinstance(breadcrumbs, dict) else breadcrumbs
    details["breadcrumbs"] = _dicts(breadcrumbs)[-100:]
    if kept := [
        {key: image[key] for key in images.KEPT if key in image} for image in images.sent(sent.get("debug_meta"))
    ]:
        details["debug_meta"] = {"images": kept}
    if dist := values.label(sent.get("dist"), 64):
        details["dist"] = dist
    for name in ("request", "user", "contexts", "extra", "sdk"):
        if isinstance(sent.get(name), dict):
            details[name] = sent[name]
    return details


def _exception_details(sent: dict[str, Any]) -> dict[str, Any]:
    stack = sent.get("stacktrace")
    mechanism = sent.get("mechanism")
    return {
        "type": sent.get("type"),
        "value": sent.get("value"),
        "module": sent.get("module"),
        "mechanism": mechanism if isinstance(mechanism, dict) else None,
        "frames": _dicts(stack.get("frames") if isinstance(stack, dict) else None)[-MAX_FRAMES:],
    }


def _thread_details(sent: dict[str, Any]) -> dict[str, Any]:
    stack = sent.get("stacktrace")
    told = {name: sent[name] for name in ("id", "name", "crashed", "current", "state") if name in sent}
    return told | {"frames": _dicts(stack.get("frames") if isinstance(stack, dict) else None)[-MAX_FRAMES:]}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

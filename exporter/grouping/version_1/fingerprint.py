"""From a scrubbed event to its issue: a pure function, the same on every replica, versioned.

Order: the client's own fingerprint, server-side rules, the stack, the message's template, the masked message. Line
and column numbers, addresses, folders of a release and values in messages take no part.
"""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.model import Crash, Grouping
from errtally.exporter.grouping.stacktraces import parse
from errtally.exporter.grouping.version_1.in_app import deciding_frame, function_of, place_of
from errtally.exporter.grouping.version_1.template import mask, untyped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.event.model import Event, ExceptionInfo, Frame
    from errtally.exporter.grouping.model import Rule, Ruled

VERSION: Final = 1
"""Mixed into each fingerprint; a change to what this room computes for any event needs the next number."""

TITLE_LIMIT: Final = 200
CULPRIT_LIMIT: Final = 200
PARTS_LIMIT: Final = 32
PART_LIMIT: Final = 1024
NO_MESSAGE: Final = "(no message)"

_DEFAULT: Final = re.compile(r"\{\{\s*default\s*\}\}")
_VARIABLE: Final = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")
_QUALIFIER: Final = re.compile(r"^[\w.$\\/:*&+`]*(?:[.\\/*&+]|::)(?=[A-Za-z_])")
_QUALIFIER_MARKS: Final = frozenset(".\\/:*&+")


def fingerprint(event: Event, rule: Rule | None = None) -> Grouping:
    """Return the issue that an event belongs to; never raises, whatever is missing from the event.

    Args:
        event: scrubbed, so that no secret reaches a title.
        rule: server-side fingerprint rules. The client's own fingerprint goes before.
    """
    crash = _crash(event)
    place = place_of(crash.frame) if crash.frame else ""
    function = function_of(crash.frame) if crash.frame else ""
    pattern = mask(crash.message, exception=bool(crash.type)) if crash.message else ""
    template = event.template if event.template and not event.exceptions and not event.stack else None
    if template and not pattern:
        pattern = mask(template)

    key = [crash.type]
    why = [f"version {VERSION}"]
    if crash.type:
        why.append(f"type {crash.type}")
    if place or function:
        key += ["frame", place, function]
        why.append(f"{'frame' if crash.in_app else 'frame outside the application'} {_at(place, function)}")
    if template:
        key += ["template", template]
        why.append(f"template {template[:TITLE_LIMIT]}")
    elif pattern:
        key += ["message", untyped(pattern)]
        why.append(f"message {pattern[:TITLE_LIMIT]}")
    elif not place and not function:
        key += ["place", event.culprit or event.transaction or event.logger or ""]
        why.append(f"place {key[-1] or 'unknown'}")
    default = _hash(key)

    title = _title(crash.type, pattern or template or "")
    culprit = _cut(_at(place, function) or event.culprit or event.transaction or event.logger or "", CULPRIT_LIMIT)
    scope = "" if template or not pattern else f"{crash.type}\n{place}\n{function}"
    parts = event.fingerprint
    if not parts and rule is not None and (ruled := rule(event, crash)) is not None:
        return _ruled(ruled, event, crash, Grouping(default, crash.type, title, culprit, pattern, tuple(why), scope))
    if parts and not (len(parts) == 1 and _DEFAULT.fullmatch(parts[0].strip())):
        parts = [_expand(part, event, crash, default) for part in parts[:PARTS_LIMIT]]
        mixed = any(default in part for part in parts)
        why = [why[0], f"client fingerprint {', '.join(parts)}"[:TITLE_LIMIT], *(why[1:] if mixed else ())]
        default, scope = _hash(["fingerprint", *parts]), ""
    return Grouping(default, crash.type, title, culprit, pattern, tuple(why), scope)


def _ruled(ruled: Ruled, event: Event, crash: Crash, computed: Grouping) -> Grouping:
    """Return the grouping that a rule asks for, beside the one computed without it."""
    # In a rule, the message is its pattern: else each value in it would make an issue of its own.
    masked = {"message": untyped(computed.pattern), "function": function_of(crash.frame) if crash.frame else ""}
    default, title = computed.fingerprint, computed.title
    if ruled.title is not None:
        title = _cut(_expand(ruled.title, event, crash, default, masked))
    version, *ingredients = computed.why
    if len(ruled.fingerprint) == 1 and _DEFAULT.fullmatch(ruled.fingerprint[0].strip()):
        return replace(computed, title=title, why=(version, ruled.why[:TITLE_LIMIT], *ingredients))
    parts = [_expand(part, event, crash, default, masked) for part in ruled.fingerprint[:PARTS_LIMIT]]
    mixed = any(default in part for part in parts)
    why = (
        version,
        ruled.why[:TITLE_LIMIT],
        f"rule fingerprint {', '.join(parts)}"[:TITLE_LIMIT],
        *(ingredients if mixed else ()),
    )
    return replace(computed, fingerprint=_hash(["fingerprint", *parts]), title=title, why=why, scope="")


def _crash(event: Event) -> Crash:
    """Return type, message and deciding frame: of the raised exception, or of its nearest cause in the application."""
    exceptions = event.exceptions
    sent_as_text = not exceptions and bool(event.stack)
    if sent_as_text:
        exceptions = parse(event.stack or "", event.platform)
    if not exceptions:
        frame, in_app = deciding_frame(event.frames)
        return Crash(short_type(event.type), event.message, frame, in_app, exceptions, event.type or "")

    raised = exceptions[-1]
    chosen, frame, in_app = _choose(exceptions)
    if frame is None:
        frame, in_app = deciding_frame(event.frames)
    kind = "" if chosen.synthetic else chosen.type
    message = chosen.value or ""
    if chosen is raised:
        # A trace in text repeats type and message, cut or decorated; what the client says of them is better.
        if sent_as_text:
            kind, message = event.type or kind, event.message or message
        else:
            kind, message = kind or (None if chosen.synthetic else event.type), message or event.message
    sent = f"{chosen.module}.{kind}" if chosen.module and kind == chosen.type else kind or ""
    return Crash(short_type(kind), message, frame, in_app, exceptions, sent)


def _choose(exceptions: list[ExceptionInfo]) -> tuple[ExceptionInfo, Frame | None, bool]:
    raised_frame, in_app = deciding_frame(exceptions[-1].frames)
    if not in_app:
        for exception in reversed(exceptions[:-1]):
            frame, in_app = deciding_frame(exception.frames)
            if in_app:
                return exception, frame, True
    return exceptions[-1], raised_frame, in_app


def short_type(name: str | None) -> str:
    """Return an error type without its module, which one protocol sends apart and another in front of it."""
    if not name:
        return ""
    name = name.strip()[:TITLE_LIMIT]
    return name if _QUALIFIER_MARKS.isdisjoint(name) else _QUALIFIER.sub("", name)


def _expand(part: str, event: Event, crash: Crash, default: str, instead: Mapping[str, str] | None = None) -> str:
    """Fill variables in; ``instead`` has values that go before those of the event."""
    part = part[:PART_LIMIT]
    if "{{" not in part:
        return part
    own = {"default": default, **(instead or {})}
    return _VARIABLE.sub(lambda found: own.get(found[1]) or _variable(found[1], event, crash), part)


def _variable(name: str, event: Event, crash: Crash) -> str:
    if name.startswith("tags."):
        return event.tags.get(name[5:]) or f"<no {name}>"
    frame = crash.frame
    values = {
        "type": crash.type,
        "value": crash.message,
        "message": event.message or crash.message,
        "function": frame.function if frame else None,
        "module": frame.module if frame else None,
        "package": frame.package if frame else None,
        "abs_path": frame.abs_path if frame else None,
        "transaction": event.transaction,
        "level": event.level,
        "logger": event.logger,
        "release": event.release,
        "environment": event.environment,
    }
    key = name.removeprefix("error.").removeprefix("stack.")
    return values.get(key) or f"<no {name}>"


def _title(kind: str, pattern: str) -> str:
    return _cut(f"{kind}: {pattern}" if kind and pattern else kind or pattern or NO_MESSAGE)


def _cut(text: str, limit: int = TITLE_LIMIT) -> str:
    """Cut a text, and mark it as cut: the scrubber then takes what may be half of a secret."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _at(place: str, function: str) -> str:
    return f"{place} in {function}" if place and function else place or function


def _hash(parts: Sequence[str]) -> str:
    text = "\x1f".join((str(VERSION), *parts))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

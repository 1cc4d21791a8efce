"""From a scrubbed event to its issue: a pure function, the same on every replica, versioned.

Order: the client's own fingerprint, server-side rules, the stack, the message's template, the masked message. Line
and column numbers, addresses, folders of a release and values in messages take no part.
"""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from errtally.exporter.grouping.crash import crash_of
from errtally.exporter.grouping.error_types import short_type
from errtally.exporter.grouping.model import Grouping
from errtally.exporter.grouping.places import site_of
from errtally.exporter.grouping.resolved import line_as_name
from errtally.exporter.grouping.template import countless, mask, untyped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from errtally.event.model import Event
    from errtally.exporter.grouping.model import Crash, Rule, Ruled
    from errtally.exporter.grouping.ownership import Ownership

VERSION: Final = 2
"""Mixed into each fingerprint; a change to what this room computes for any event needs the next number."""

TITLE_LIMIT: Final = 200
CULPRIT_LIMIT: Final = 200
PARTS_LIMIT: Final = 32
PART_LIMIT: Final = 1024
NO_MESSAGE: Final = "(no message)"

_DEFAULT: Final = re.compile(r"\{\{\s*default\s*\}\}")
_VARIABLE: Final = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")


def fingerprint(event: Event, rule: Rule | None = None, own: Ownership | None = None) -> Grouping:
    """Return the issue that an event belongs to; never raises, whatever is missing from the event.

    Args:
        event: scrubbed, so that no secret reaches a title.
        rule: server-side fingerprint rules. The client's own fingerprint goes before.
        own: which frames the settings call the application's.
    """
    crash = crash_of(event, own)
    place, function = _where(crash)
    pattern = _pattern(crash)
    template = event.template if event.template and not event.exceptions and not event.stack else None
    if template and not pattern:
        pattern = mask(template)

    key = [crash.type]
    why = [f"version {VERSION}"]
    if crash.type:
        why.append(f"type {crash.type}")
    if crash.members:
        key += ["members", *sorted({_member_key(member) for member in crash.members})]
        why.append(f"members {pattern}"[:TITLE_LIMIT])
    elif place or function:
        key += ["frame", place, function]
        why.append(f"{'frame' if crash.in_app else 'frame outside the application'} {_at(place, function)}")
        if crash.is_minified:
            why.append("a minified function takes no part")
    if crash.members:
        pass
    elif template:
        key += ["template", template]
        why.append(f"template {template[:TITLE_LIMIT]}")
    elif pattern:
        key += ["message", countless(untyped(pattern))]
        why.append(f"message {pattern[:TITLE_LIMIT]}")
    elif not place and not function:
        key += ["place", event.culprit or event.transaction or event.logger or ""]
        why.append(f"place {key[-1] or 'unknown'}")
    for cause in crash.causes:
        kind, said = short_type(cause.type, cause.module), mask(cause.value or "", exception=True)
        key += ["cause", kind, untyped(said)]
        why.append(f"cause {_title(kind, said)}"[:TITLE_LIMIT])
    default = _hash(key)

    title = _title(crash.type, pattern or template or "")
    culprit = _culprit(crash) if crash.frame is not None else ""
    culprit = _cut(culprit or event.culprit or event.transaction or event.logger or "", CULPRIT_LIMIT)
    is_compared = pattern and not template and not crash.members and not crash.causes
    scope = f"{crash.type}\n{place}\n{function}" if is_compared else ""
    parts = event.fingerprint
    if not parts and rule is not None and (ruled := rule(event, crash)) is not None:
        return _ruled(ruled, event, crash, Grouping(default, crash.type, title, culprit, pattern, tuple(why), scope))
    if parts and not (len(parts) == 1 and _DEFAULT.fullmatch(parts[0].strip())):
        parts = [_expand(part, event, crash, default) for part in parts[:PARTS_LIMIT]]
        mixed = any(default in part for part in parts)
        why = [why[0], f"client fingerprint {', '.join(parts)}"[:TITLE_LIMIT], *(why[1:] if mixed else ())]
        default, scope = _hash(["fingerprint", *parts]), ""
    return Grouping(default, crash.type, title, culprit, pattern, tuple(why), scope)


def _where(crash: Crash) -> tuple[str, str]:
    """Return place and function of the deciding frame, "" for what takes no part."""
    if crash.frame is None:
        return "", ""
    place, function, language = site_of(crash.frame)
    if language == "rs" and (not crash.in_app or (function == "main" and "::" not in place)):
        # A release build leaves out the frames that it inlines: main, or all that are the application's.
        return "", ""
    return place, "" if crash.is_minified else line_as_name(crash.frame) or function


def _culprit(crash: Crash) -> str:
    """Return where it happened, for people, though it may take no part in the fingerprint."""
    if crash.frame is None:
        return ""
    place, function, _ = site_of(crash.frame)
    return _at(place, "" if crash.is_minified else function)


def _pattern(crash: Crash) -> str:
    if crash.members:
        return "; ".join(sorted({_title(member.type, _pattern(member)) for member in crash.members}))
    if not crash.message:
        return ""
    has_place = crash.frame is not None and not crash.is_minified
    # An error's type that a minifier named takes no part, and it is an error's message all the same.
    is_exception = bool(crash.type) or (crash.has_minified_words and not crash.is_minified)
    return mask(crash.message, exception=is_exception, has_place=has_place, is_minified=crash.has_minified_words)


def _member_key(crash: Crash) -> str:
    place, function = _where(crash)
    return "\x1e".join((crash.type, place, function, countless(untyped(_pattern(crash)))))


def _ruled(ruled: Ruled, event: Event, crash: Crash, computed: Grouping) -> Grouping:
    """Return the grouping that a rule asks for, beside the one computed without it."""
    # In a rule, the message is its pattern: else each value in it would make an issue of its own.
    masked = {"message": untyped(computed.pattern), "function": site_of(crash.frame).function if crash.frame else ""}
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

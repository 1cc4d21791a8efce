"""The server's own fingerprint rules: compiled once, asked for each event without a fingerprint of its client's.

A rule matches when all of its matchers do. Globs know ``*`` (any text) and ``?`` (one character), have no regard to
case and describe the whole value; a path may leave out the folders in front. ``!`` in front of a glob negates it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from errtally.config.grouping import TAGS, VARIABLE
from errtally.event.model import Event
from errtally.exporter.grouping.model import Crash, Ruled

if TYPE_CHECKING:
    from errtally.config.grouping import FingerprintRule
    from errtally.event.model import Frame

VALUE_LIMIT: Final = 4096
"""Characters of a value that globs look at, as many as grouping does."""

DECIDING: Final = "deciding."
"""Prefix of a frame matcher that looks at the deciding frame only; without it, any frame will do."""

Values = Callable[[Event, Crash], Sequence[str | None]]
Match = Callable[[Event, Crash], bool]


class Rules:
    """Compiled rules; calling them with an event gives what the first one says that matches, or None."""

    def __init__(self, rules: Sequence[FingerprintRule]) -> None:
        self._rules = [(_matches(rule), Ruled(rule.fingerprint, rule.title, _why(rule))) for rule in rules]
        named = {matcher[len(TAGS) :] for rule in rules for matcher, _ in rule.match if matcher.startswith(TAGS)}
        for rule in rules:
            for text in (*rule.fingerprint, rule.title or ""):
                named |= {found[1][len(TAGS) :] for found in VARIABLE.finditer(text) if found[1].startswith(TAGS)}
        self._tags = tuple(sorted(named))

    def __call__(self, event: Event, crash: Crash) -> Ruled | None:
        """Return what the first matching rule says."""
        for matches, ruled in self._rules:
            if all(match(event, crash) for match in matches):
                return ruled
        return None

    def facts(self, event: Event) -> tuple[str | None, ...]:
        """Return what the rules may look at and grouping without them does not: two events alike in both are one."""
        tags = event.tags
        return (event.level, event.environment, event.release, *[tags.get(name) for name in self._tags])


def compiled(rules: Sequence[FingerprintRule]) -> Rules | None:
    """Compile rules; None without any, so that nothing has to be asked."""
    return Rules(rules) if rules else None


def _why(rule: FingerprintRule) -> str:
    return f"rule {rule.place}: " + ", ".join(f"{matcher} {' or '.join(globs)}" for matcher, globs in rule.match)


def _matches(rule: FingerprintRule) -> list[Match]:
    # Frames are looked at last: there are many of them, and the other matchers rule most events out.
    ordered = sorted(rule.match, key=lambda item: _of_frame(item[0]) is not None)
    return [_match(matcher, globs) for matcher, globs in ordered]


def _match(matcher: str, globs: Sequence[str]) -> Match:
    """Return the test of one matcher: any of its plain globs, none of its negated ones."""
    is_path = _of_frame(matcher) == "path"
    wanted = _pattern([glob for glob in globs if not glob.startswith("!")], is_path=is_path)
    unwanted = _pattern([glob[1:] for glob in globs if glob.startswith("!")], is_path=is_path)
    values = _values(matcher)

    def match(event: Event, crash: Crash) -> bool:
        found = [value[:VALUE_LIMIT] for value in values(event, crash) if value]
        if unwanted is not None and any(map(unwanted.fullmatch, found)):
            return False
        return wanted is None or any(map(wanted.fullmatch, found))

    return match


def _pattern(globs: Sequence[str], *, is_path: bool) -> re.Pattern[str] | None:
    if not globs:
        return None
    return re.compile("|".join(_glob(glob, is_path=is_path) for glob in globs), re.DOTALL | re.IGNORECASE)


def _glob(glob: str, *, is_path: bool) -> str:
    """Translate a glob. What stands before a star is taken once and for all, so that no text makes it slow."""
    if is_path:
        glob = glob.replace("\\", "/")
    first, *rest = [re.escape(part).replace(r"\?", ".") for part in glob.split("*")]
    text = first
    if rest:
        text += "".join(f"(?>.*?{part})" for part in rest[:-1] if part) + f".*{rest[-1]}"
    return f"(?:.*/)?{text}" if is_path and not glob.startswith(("*", "/")) else text


def _of_frame(matcher: str) -> str | None:
    name = matcher.removeprefix(DECIDING)
    return name if name in {"path", "module", "function"} else None


def _values(matcher: str) -> Values:
    """Return what a matcher looks at in an event: one value, or several of which any will do."""
    if matcher.startswith(TAGS):
        name = matcher[len(TAGS) :]
        return lambda event, _: (event.tags.get(name),)
    if matcher == "type":
        return lambda _, crash: (crash.type, crash.sent_type)
    if matcher == "message":
        return lambda event, crash: (crash.message, event.message)
    field = _of_frame(matcher)
    if field is None:
        return lambda event, _: (getattr(event, matcher),)
    frames = _deciding if matcher.startswith(DECIDING) else _all_frames
    return lambda event, crash: [value for frame in frames(event, crash) for value in _of(frame, field)]


def _of(frame: Frame, field: str) -> tuple[Any, ...]:
    if field == "path":
        return tuple(path.replace("\\", "/") for path in (frame.abs_path, frame.filename) if path)
    return (getattr(frame, field),)


def _deciding(_: Event, crash: Crash) -> Iterator[Frame]:
    if crash.frame is not None:
        yield crash.frame


def _all_frames(event: Event, crash: Crash) -> Iterator[Frame]:
    yield from event.frames
    for exception in crash.exceptions:
        yield from exception.frames

"""Keys of Sentry's issue search, in errtally's terms, so that queries that people and programs know find what they say.

The keys are those of https://docs.sentry.io/concepts/search/searchable-properties/issues/. What the store can't answer
is refused by name: a key that was taken for a tag nobody sends would find nothing, which reads as "all is well".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.search.conditions import AnyOf, Field, Fixed, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from errtally.exporter.search.conditions import Condition

OWN_KEYS: Mapping[str, str] = {
    "error.type": "type",
    "timesseen": "events",
    "usercount": "users",
    "firstseen": "first_seen",
    "age": "first_seen",
    "lastseen": "last_seen",
    "timestamp": "last_seen",
    "firstrelease": "first_release",
    "project.name": "project",
    "platform.name": "platform",
}
"""Other names of errtally's keys, in small letters."""

WORD_KEYS = frozenset({"title", "message", "error.value"})
"""Their value is looked for in the issue's texts."""

CULPRIT_KEYS = frozenset({"stack.function", "stack.filename", "stack.module", "stack.abs_path"})
"""Their value is looked for in the culprit, which names file or module and function."""

STATES: Mapping[str, str] = {"archived": "ignored", "muted": "ignored"}
"""Other names of states."""

FIXED_STATES: Mapping[str, bool] = {"unassigned": True, "assigned": False, "for_review": True, "linked": False}
"""States that all issues are in, or none, since errtally assigns and links none."""

_PRIORITIES: Mapping[str, tuple[str, ...]] = {
    "high": ("fatal", "error"),
    "medium": ("warning",),
    "low": ("info", "debug"),
}
_FIXED: Mapping[str, frozenset[str]] = {
    "issue.category": frozenset({"error"}),
    "issue.type": frozenset({"error"}),
    "event.type": frozenset({"error"}),
    "assigned": frozenset({"none"}),
    "assigned_or_suggested": frozenset({"none"}),
    "bookmarks": frozenset(),
    "subscribed": frozenset(),
}
_USERS = "users are kept as keyed hashes, so none can be searched for; users:>N counts them, and has:user finds any"
_HANDLED = "whether an error was handled is kept with its events, not with the issue; try level:fatal"
_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(("user.id", "user.email", "user.username", "user.ip", "user"), _USERS),
    **dict.fromkeys(("error.handled", "error.unhandled", "error.main_thread"), _HANDLED),
    **dict.fromkeys(
        ("lastrelease", "regressed_in_release", "issue.seer_actionability", "seer_last_run"),
        "errtally has nothing of the kind; try release:",
    ),
}


def refusal(key: str) -> str | None:
    """Return why a key of Sentry's (in small letters) can't be searched by; None when that is not so."""
    return _REFUSED.get(key)


def fixed(key: str, value: str) -> Condition | None:
    """Return the condition for a key whose answer does not depend on the events, None for other keys.

    Args:
        key: in small letters.
        value: the value as it stands in the query.
    """
    value = value.lower()
    if key in _FIXED:
        return Fixed(value in _FIXED[key])
    if key == "issue.priority":
        levels = _PRIORITIES.get(value, ())
        return AnyOf(tuple(Field("level", Wording((level,))) for level in levels))
    return None

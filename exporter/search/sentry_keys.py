"""Keys of Sentry's issue search, in errtally's terms, so that queries that people and programs know find what they say.

The keys are those of https://docs.sentry.io/concepts/search/searchable-properties/issues/. What the store can't answer
is refused by name: a key that was taken for a tag nobody sends would find nothing, which reads as "all is well".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.exporter.search.conditions import Fixed, State

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
    "assigned": "assignee",
    "assigned_or_suggested": "assignee",
    "issue.priority": "priority",
    "release.version": "release",
}
"""Other names of errtally's keys, in small letters."""

WORD_KEYS = frozenset({"title", "message", "error.value"})
"""Their value is looked for in the issue's texts."""

CULPRIT_KEYS = frozenset({"stack.function", "stack.filename", "stack.module", "stack.abs_path"})
"""Their value is looked for in the culprit, which names file or module and function."""

STATES: Mapping[str, str] = {"archived": "ignored", "muted": "ignored"}
"""Other names of states."""

FIXED_STATES: Mapping[str, bool] = {"for_review": True}
"""States that all issues are in: errtally reviews none."""

_UNHANDLED: Mapping[tuple[str, str], bool] = {
    (key, value): (key == "error.unhandled") == is_true
    for key in ("error.handled", "error.unhandled")
    for values, is_true in ((("1", "true", "yes"), True), (("0", "false", "no"), False))
    for value in values
}
"""Keys and values that ask whether nothing caught one of the events, to the answer."""

_FIXED: Mapping[str, frozenset[str]] = {
    "issue.category": frozenset({"error"}),
    "issue.type": frozenset({"error"}),
    "event.type": frozenset({"error"}),
    "bookmarks": frozenset(),
    "subscribed": frozenset(),
}
_REFUSED: Mapping[str, str] = {
    **dict.fromkeys(
        ("error.main_thread", "lastrelease", "regressed_in_release", "issue.seer_actionability", "seer_last_run"),
        "errtally has nothing of the kind; try release:",
    ),
}


def is_known(key: str) -> bool:
    """Whether a key (in small letters) is one of Sentry's, and no tag's."""
    return (
        key in _REFUSED
        or key in _FIXED
        or key in WORD_KEYS
        or key in CULPRIT_KEYS
        or key in {one for one, _ in _UNHANDLED}
    )


def refusal(key: str) -> str | None:
    """Return why a key of Sentry's (in small letters) can't be searched by; None when that is not so."""
    return _REFUSED.get(key)


def fixed(key: str, value: str) -> Condition | None:
    """Return the condition for a key whose values are words of Sentry's own, None for other keys.

    Args:
        key: in small letters.
        value: the value as it stands in the query.
    """
    value = value.lower()
    if key in _FIXED:
        return Fixed(value in _FIXED[key])
    if (is_unhandled := _UNHANDLED.get((key, value))) is not None:
        return State("unhandled" if is_unhandled else "handled")
    return None

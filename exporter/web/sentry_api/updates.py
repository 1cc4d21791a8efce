"""Decisions as Sentry's clients send them: the body of a PUT on issues, and what it asks for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.errors import ErrtallyError
from errtally.exporter.digest import conditions
from errtally.exporter.journal.records import PRIORITIES, Until
from errtally.exporter.protocols import values
from errtally.exporter.web.decisions import MAX_HOURS
from errtally.exporter.web.sentry_api.objects import OWN_DOMAIN
from errtally.exporter.web.sentry_api.places import ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STATUSES = {
    "resolved": "resolved",
    "resolvedInNextRelease": "resolved",
    "unresolved": "unresolved",
    "reopened": "unresolved",
    "ignored": "ignored",
    "archived": "ignored",
    "muted": "ignored",
}
_UNSUPPORTED = ("ignoreWindow", "ignoreUserWindow")
"""Conditions over a window, which errtally does not keep."""


class UpdateError(ErrtallyError):
    """An update can't be carried out.

    Attributes:
        field: which part of the body is wrong.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Update:
    """What an update asks for.

    Attributes:
        status: the new status, None when it is not about the status.
        until: what ends the status by itself.
        details: the same in Sentry's words, for the answer.
        assignee: who sees to it from now on, "" for nobody; None when it is not about that.
        priority: how urgent it is from now on; None when it is not about that.
    """

    status: str | None
    until: Until | None
    details: dict[str, Any]
    assignee: str | None = None
    priority: str | None = None


def read(
    body: Mapping[str, Any], newest_release: str | None, me: str, release_of: Callable[[str], str | None]
) -> Update:
    """Read the body of an update; keys that errtally has nothing for (bookmarks, subscriptions) are left out.

    Args:
        body: what was sent.
        newest_release: of the project, what ``latest`` stands for.
        me: the name of who asks.
        release_of: the release that a commit is in, None where that was not told.

    Raises:
        UpdateError: it asks for what can't be.
    """
    assignee, priority = _assignee(body, me), _priority(body)
    sent = body.get("status")
    if sent is None:
        return Update(None, None, {}, assignee, priority)
    status = _STATUSES.get(sent) if isinstance(sent, str) else None
    if status is None:
        raise UpdateError("status", f"{str(sent)[:40]!r} is none of {', '.join(_STATUSES)}")
    nested = body.get("statusDetails")
    # sentry-mcp sends the parts of statusDetails at the top.
    details = {key: value for key, value in body.items() if key.startswith("ignore")}
    details.update(nested if isinstance(nested, dict) else {})
    details = {key: value for key, value in details.items() if value not in (None, False, "")}
    if sent == "resolvedInNextRelease":
        details["inNextRelease"] = True
    for key in _UNSUPPORTED:
        if key in details:
            raise UpdateError("statusDetails", f"{key}: errtally keeps no such condition")
    until, shown = None, dict[str, Any]()
    if status == "resolved":
        until, shown = _resolved(details, newest_release, release_of)
    elif status == "ignored":
        until, shown = _ignored(details)
    return Update(status, until, shown, assignee, priority)


def _assignee(body: Mapping[str, Any], me: str) -> str | None:
    """Return the name that ``assignedTo`` stands for: ``me`` and user 1 are who asks, others are known by name."""
    if "assignedTo" not in body:
        return None
    sent = body["assignedTo"]
    if not sent:
        return ""
    named = values.label(sent) if isinstance(sent, (str, int)) and not isinstance(sent, bool) else None
    if named is None:
        raise UpdateError("assignedTo", f"{str(sent)[:40]!r} names nobody")
    named = named.removeprefix("user:").removesuffix(f"@{OWN_DOMAIN}")
    if named in {"me", "1"}:
        return me
    return ORGANIZATION if named.removeprefix("team:") in {"1", ORGANIZATION} else named


def _priority(body: Mapping[str, Any]) -> str | None:
    sent = body.get("priority")
    if sent is not None and sent not in PRIORITIES:
        raise UpdateError("priority", f"{str(sent)[:40]!r} is none of {', '.join(PRIORITIES)}")
    return sent


def _resolved(
    details: Mapping[str, Any], newest_release: str | None, release_of: Callable[[str], str | None]
) -> tuple[Until | None, dict[str, Any]]:
    if "inCommit" in details:
        sent = details["inCommit"]
        commit = sent.get("commit") if isinstance(sent, dict) else sent
        release = release_of(commit) if isinstance(commit, str) and commit else None
        if release is None:
            raise UpdateError("statusDetails", f"inCommit: no release was told of with commit {str(commit)[:80]!r}")
        return Until("in_release", release), {"inRelease": release}
    if "inRelease" in details:
        named = details["inRelease"]
        release = newest_release if named == "latest" else values.label(named) if isinstance(named, str) else None
        if release is None:
            raise UpdateError("statusDetails", f"inRelease: {str(named)[:80]!r} names no release that is known")
        return Until("in_release", release), {"inRelease": release}
    if "inNextRelease" in details:
        if newest_release is None:
            raise UpdateError("statusDetails", "inNextRelease: no release of the project is known yet")
        return Until("next_release"), {"inNextRelease": True}
    return None, {}


def _ignored(details: Mapping[str, Any]) -> tuple[Until | None, dict[str, Any]]:
    if "ignoreDuration" in details:
        minutes = _amount(details, "ignoreDuration", MAX_HOURS * 60)
        moment = time.time() + minutes * 60
        return Until("time", amount=moment), {"ignoreDuration": minutes, "ignoreUntil": conditions.moment_text(moment)}
    if "ignoreCount" in details:
        count = _amount(details, "ignoreCount", conditions.MAX_EVENTS)
        return Until("events", amount=count), {"ignoreCount": count}
    if "ignoreUserCount" in details:
        count = _amount(details, "ignoreUserCount", conditions.MAX_USERS)
        return Until("users", amount=count), {"ignoreUserCount": count}
    return None, {}


def _amount(details: Mapping[str, Any], name: str, most: int) -> int:
    sent = details[name]
    if isinstance(sent, bool) or not isinstance(sent, int) or not 1 <= sent <= most:
        raise UpdateError("statusDetails", f"{name}: is a whole number from 1 to {most}")
    return sent

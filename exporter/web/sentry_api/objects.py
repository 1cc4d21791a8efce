"""Issues, projects, people and the organisation as Sentry's API has them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from errtally.exporter.search import short_ids
from errtally.exporter.search.conditions import NEW_SECONDS
from errtally.exporter.web.sentry_api.places import ORGANIZATION, ORGANIZATION_ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from errtally.exporter.web.sentry_api.places import ProjectPlace

_PRIORITY = {"fatal": "high", "error": "high", "warning": "medium"}
OWN_DOMAIN = "errtally.invalid"
"""Of the addresses of people: errtally knows none, and clients insist on one."""

_EPOCH = "1970-01-01T00:00:00Z"
_SCOPES = {
    "read": ("event:read", "org:read", "project:read", "team:read"),
    "write": ("event:write",),
    "ingest-artifacts": ("project:releases",),
    "admin": ("event:admin",),
}
"""What a token may, in Sentry's words."""


def scopes(held: Iterable[str]) -> list[str]:
    """Return scopes in Sentry's words."""
    return sorted({word for scope in held for word in _SCOPES.get(scope, ())})


def iso8601(seconds: float) -> str:
    """Return a moment in the form that all clients read: UTC with milliseconds and ``Z``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(name: str) -> dict[str, Any]:
    """Return whoever asks; errtally knows no addresses, and clients insist on one."""
    return {
        "id": "1",
        "name": name,
        "username": name,
        "email": f"{name}@{OWN_DOMAIN}",
        "isActive": True,
        "isSuperuser": False,
        "avatar": {"avatarType": "letter_avatar", "avatarUuid": None},
    }


def assignee(name: str) -> dict[str, str] | None:
    """Return who sees to an issue, None when nobody does."""
    return {"type": "user", "id": name, "name": name, "email": f"{name}@{OWN_DOMAIN}"} if name else None


_DEEDS = {
    "resolved": "set_resolved",
    "ignored": "set_ignored",
    "unresolved": "set_unresolved",
    "regressed": "set_regression",
    "merged": "merge",
    "took": "unmerge_source",
    "assigned": "assigned",
    "priority": "set_priority",
    "linked": "create_issue",
    "note": "note",
}
"""The first word of what the history says, to Sentry's word for the kind of deed."""


def deed(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of an issue's history."""
    details = entry["details"]
    kind, data = _DEEDS.get(entry["what"].partition(" ")[0], "note"), dict(details)
    if kind == "set_resolved" and "in_release" in details:
        kind, data = "set_resolved_in_release", {"version": details["in_release"]}
    elif kind == "assigned":
        named = assignee(details["assignee"])
        kind = "assigned" if named is not None else "unassigned"
        data = {"assignee": named["id"], "assigneeEmail": named["email"], "assigneeType": "user"} if named else {}
    elif kind == "create_issue":
        data = {"location": details["ticket"], "title": details["ticket"], "provider": "errtally"}
    elif kind == "note" and not details:
        data = {"text": entry["what"]}
    return {
        "id": str(entry["id"]),
        "type": kind,
        "user": user(entry["by"]) if entry["by"] else None,
        "data": data,
        "dateCreated": iso8601(entry["at"]),
    }


def external_issue(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ticket that an issue is linked to."""
    host = urlsplit(found["ticket"]).netloc
    return {
        "id": str(found["id"]),
        "issueId": str(found["id"]),
        "serviceType": host,
        "displayName": found["ticket"],
        "webUrl": found["ticket"],
    }


def _annotations(ticket: str) -> list[str]:
    """Return the link to an issue's ticket as the HTML that clients take out of it."""
    return [f'<a href="{escape(ticket)}">{escape(urlsplit(ticket).netloc)}</a>'] if ticket else []


def organization(external_url: str) -> dict[str, Any]:
    """Return the one organisation."""
    return {
        "id": ORGANIZATION_ID,
        "slug": ORGANIZATION,
        "name": ORGANIZATION,
        "dateCreated": _EPOCH,
        "isEarlyAdopter": False,
        "require2FA": False,
        "requireEmailVerification": False,
        "features": [],
        "status": {"id": "active", "name": "active"},
        "avatar": {"avatarType": "letter_avatar", "avatarUuid": None},
        "links": {"organizationUrl": external_url, "regionUrl": external_url},
    }


def team() -> dict[str, Any]:
    """Return the one team, which has all projects."""
    return {
        "id": "1",
        "slug": ORGANIZATION,
        "name": ORGANIZATION,
        "dateCreated": _EPOCH,
        "memberCount": 1,
        "isMember": True,
        "hasAccess": True,
        "isPending": False,
        "avatar": {"avatarType": "letter_avatar", "avatarUuid": None},
        "projects": [],
    }


def project(place: ProjectPlace, external_url: str) -> dict[str, Any]:
    """Return a project."""
    first = iso8601(place.first_seen) if place.first_seen is not None else None
    short_team = {"id": "1", "slug": ORGANIZATION, "name": ORGANIZATION}
    return {
        "id": place.id,
        "slug": place.slug,
        "name": place.name,
        "platform": None,
        "organization": organization(external_url),
        "status": "active",
        "dateCreated": first or _EPOCH,
        "firstEvent": first,
        "environments": list(place.environments),
        "isMember": True,
        "hasAccess": True,
        "isBookmarked": False,
        "isPublic": False,
        "features": [],
        "team": short_team,
        "teams": [short_team],
    }


def issue(
    found: Mapping[str, Any],
    place: ProjectPlace,
    *,
    external_url: str,
    now: float,
    condition: Mapping[str, Any] | None,
    stats: Mapping[str, list[list[int]]],
) -> dict[str, Any]:
    """Return an issue.

    Args:
        found: as `StoreReader.listed` has it.
        place: its project.
        external_url: how people reach the pages.
        now: seconds since the epoch.
        condition: what ends its status by itself.
        stats: name of a period to pairs of a moment (seconds since the epoch) and events.
    """
    status = "unresolved" if found["status"] == "regressed" else found["status"]
    where, _, function = str(found["culprit"]).rpartition(" in ")
    value = found["title"].removeprefix(f"{found['type']}: ") if found["type"] else found["title"]
    first = {"version": found["first_release"]} if found["first_release"] else None
    last = {"version": found["last_release"]} if found["last_release"] else None
    return {
        "id": str(found["id"]),
        "shortId": short_ids.encode(found["project"], found["id"]),
        "shareId": None,
        "title": found["title"],
        "culprit": found["culprit"],
        "permalink": f"{external_url}/organizations/{ORGANIZATION}/issues/{found['id']}/",
        "logger": None,
        "level": found["level"],
        "status": status,
        "statusDetails": status_details(found["status"], condition),
        "substatus": _substatus(found, now, condition),
        "isPublic": False,
        "platform": found["platform"] or "other",
        "project": {"id": place.id, "name": place.name, "slug": place.slug, "platform": found["platform"] or "other"},
        "type": "error" if found["type"] else "default",
        "metadata": {
            "title": found["title"],
            "type": found["type"] or None,
            "value": value,
            "filename": where or None,
            "function": function if where else None,
        },
        "numComments": found["notes"],
        "assignedTo": assignee(found["assignee"]),
        "isBookmarked": False,
        "isSubscribed": False,
        "subscriptionDetails": None,
        "hasSeen": True,
        "annotations": _annotations(found["ticket"]),
        "issueType": "error",
        "issueCategory": "error",
        "priority": found["priority"] or _PRIORITY.get(found["level"], "low"),
        "priorityLockedAt": None,
        "isUnhandled": found["is_unhandled"],
        "count": str(found["events"]),
        "userCount": found["users"] or 0,
        "firstSeen": iso8601(found["first_seen"]),
        "lastSeen": iso8601(found["last_seen"]),
        "firstRelease": _release(first),
        "lastRelease": _release(last),
        "stats": dict(stats),
    }


def status_details(status: str, condition: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what ends a status by itself in Sentry's words."""
    if condition is None:
        return {}
    if status == "resolved":
        return {"inRelease": condition["in_release"]} if "in_release" in condition else {"inNextRelease": True}
    if "until_events" in condition:
        return {"ignoreCount": condition["until_events"]}
    if "until_users" in condition:
        return {"ignoreUserCount": condition["until_users"]}
    return {"ignoreUntil": condition["until"]} if "until" in condition else {}


def _substatus(found: Mapping[str, Any], now: float, condition: Mapping[str, Any] | None) -> str | None:
    if found["status"] == "resolved":
        return None
    if found["status"] == "ignored":
        return "archived_forever" if condition is None else "archived_until_condition_met"
    if found["status"] == "regressed":
        return "regressed"
    return "new" if now - found["first_seen"] < NEW_SECONDS else "ongoing"


def _release(named: dict[str, str] | None) -> dict[str, Any] | None:
    if named is None:
        return None
    return {"version": named["version"], "shortVersion": short_version(named["version"]), "lastCommit": None}


def short_version(version: str) -> str:
    """Return a release's name without the package before ``@``."""
    return version.rpartition("@")[2]

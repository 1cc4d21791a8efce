"""What trackers tell when a ticket is closed or opened again, and whether it is they who tell it. Pure.

- GitHub: https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues
- GitLab: https://docs.gitlab.com/user/project/integrations/webhook_events/#work-item-events
- Gitea and Forgejo: https://docs.gitea.com/usage/repository/webhooks
- Jira: https://developer.atlassian.com/cloud/jira/platform/webhooks/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest, new
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

GITHUB, GITLAB, GITEA, JIRA = TRACKERS = ("github", "gitlab", "gitea", "jira")
_SIGNATURES: Final = {GITHUB: "X-Hub-Signature-256", GITEA: "X-Gitea-Signature", JIRA: "X-Hub-Signature"}
_TOKEN: Final = "X-Gitlab-Token"  # noqa: S105 (a header's name)
_OF_GITLAB: Final = re.compile(r"/-/(?:issues|work_items)/(?=\d+$)")
"""GitLab has had three addresses for a ticket; the oldest one still leads there."""

_CLOSED: Final = frozenset({"closed", "close"})
_REOPENED: Final = frozenset({"reopened", "reopen"})


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """A ticket was closed, or opened again.

    Attributes:
        url: the ticket's address, as `normal` has it.
        is_closed: whether it was closed.
        by: who did it, as the tracker calls them; "" where it does not say.
    """

    url: str
    is_closed: bool
    by: str


def is_genuine(tracker: str, headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether a request was sent by somebody who knows the webhook's secret.

    Args:
        tracker: one of `TRACKERS`.
        headers: of the request.
        body: as it was sent: the signature is over its bytes.
        secret: of the webhook.
    """
    if tracker == GITLAB:
        return compare_digest(headers.get(_TOKEN, "").encode(), secret.encode())
    expected = new(secret.encode(), body, sha256).hexdigest()
    sent = headers.get(_SIGNATURES[tracker], "").removeprefix("sha256=").lower()
    return compare_digest(sent.encode(), expected.encode())


def read(tracker: str, sent: Mapping[str, Any]) -> TicketEvent | None:
    """Read a webhook's body; None where it tells of something else.

    Args:
        tracker: one of `TRACKERS`.
        sent: its JSON.
    """
    if tracker == JIRA:
        return _jira(sent)
    ticket = _object(sent, "object_attributes" if tracker == GITLAB else "issue")
    action = ticket.get("action") if tracker == GITLAB else sent.get("action")
    if tracker == GITLAB and sent.get("object_kind") not in {"issue", "work_item"}:
        return None
    if "pull_request" in ticket and ticket["pull_request"] is not None:
        return None  # GitHub and Gitea call a pull request an issue too
    if not isinstance(action, str) or action not in _CLOSED | _REOPENED:
        return None
    url = ticket.get("url") if tracker == GITLAB else ticket.get("html_url")
    if tracker == GITEA and url is None and "html_url" in (repository := _object(sent, "repository")):
        url = f"{repository['html_url']}/issues/{ticket.get('number')}"  # before version 1.14
    who = _object(sent, "user" if tracker == GITLAB else "sender")
    by = who.get("username") or who.get("login")
    return _event_from(url, by, is_closed=action in _CLOSED)


def normal(url: str) -> str:
    """Return the address of a ticket as all those that lead to the same one have it."""
    parts = urlsplit(url.strip())
    path = _OF_GITLAB.sub("/issues/", parts.path.rstrip("/"))
    return f"{parts.netloc.lower()}{path}"


def _jira(sent: Mapping[str, Any]) -> TicketEvent | None:
    """Read Jira's: what is closed there is what its workflow calls done, or what got a resolution."""
    issue = _object(sent, "issue")
    category = _object(_object(_object(issue, "fields"), "status"), "statusCategory").get("key")
    items = _object(sent, "changelog").get("items")
    changed = {item.get("field"): item for item in items if isinstance(item, dict)} if isinstance(items, list) else {}
    if "status" in changed:
        is_closed = category == "done"
    elif "resolution" in changed:
        is_closed = bool(changed["resolution"].get("to"))
    else:
        return None
    address, key = issue.get("self"), issue.get("key")
    if not isinstance(address, str) or not isinstance(key, str):
        return None
    by = _object(sent, "user").get("displayName")
    return _event_from(f"{address.partition('/rest/')[0]}/browse/{key}", by, is_closed=is_closed)


def _event_from(url: object, by: object, *, is_closed: bool) -> TicketEvent | None:
    if not isinstance(url, str) or not url:
        return None
    return TicketEvent(normal(url), is_closed, by if isinstance(by, str) else "")


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}

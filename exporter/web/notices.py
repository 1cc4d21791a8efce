"""What a list says of the decision that led to it: what was done, to what, and how to take it back.

The address carries it, so that a page that is loaded again says the same. Whatever an address says, only words of our
own are shown, and titles of issues that are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.exporter.web import parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SELECTED = 500
MAX_UNDONE = 20
"""Issues that one button takes a decision back for: an address holds no more."""

DONE = {"resolve": "resolved", "ignore": "ignored", "merge": "merged into one", "reopen": "open again",
        "unmerge": "taken out again", "resolve_next": "resolved in the next release",
        "ignore_events": "ignored until more events come", "ignore_hours": "ignored for a while"}  # fmt: skip
NOT_DONE = {
    "none": "No issue was selected.",
    "one": "Select at least two issues to merge them.",
    "projects": "Issues of different projects can't be merged.",
    "release": "No release is known yet, so none can be the next.",
    "amount": "Say a number of events or hours.",
    "gone": "An issue that was selected is not there any more; nothing was changed.",
}
_UNDOES = {"merge": "unmerge"} | dict.fromkeys(
    ("resolve", "ignore", "resolve_next", "ignore_events", "ignore_hours"), "reopen"
)
_UNDONE_STATUS = "unresolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """What a list says.

    Attributes:
        is_failure: whether nothing was done.
        target: the issue that others were merged into.
        undo: what takes it back, "" where nothing does.
        issues: what it is taken back for, as the list's form names issues.
    """

    text: str
    is_failure: bool = False
    target: Mapping[str, Any] | None = None
    undo: str = ""
    issues: tuple[str, ...] = ()


def parameters(action: str, issues: Sequence[Mapping[str, Any]], target: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the address of the list says of a decision.

    Args:
        action: what was done.
        issues: what it was done to, as they were before.
        target: what they were merged into, itself among them.
    """
    told: dict[str, Any] = {"done": action, "count": len(issues)}
    changed = [one for one in issues if one is not target]
    is_plain = action == "merge" or all(one["status"] == _UNDONE_STATUS and not one["condition"] for one in changed)
    if action in _UNDOES and is_plain and len(changed) <= MAX_UNDONE:
        told["issue"] = [f"{one['fingerprint']}:{one['project']}" for one in changed]
    if target is not None:
        told["into"] = f"{target['fingerprint']}:{target['project']}"
    return told


def of(told: Mapping[str, Any], issues: Sequence[str]) -> Notice | None:
    """Return what to say; None for nothing.

    Args:
        told: the address's parameters.
        issues: those of them that name issues.
    """
    if (failed := told.get("failed")) is not None:
        text = NOT_DONE.get(failed)
        return Notice(text, is_failure=True) if text else None
    action, count = told.get("done", ""), told.get("count", "")
    if action not in DONE or not (count.isascii() and count.isdecimal() and 0 < int(count[:9]) <= MAX_SELECTED):
        return None
    text = f"{int(count)} issue{'' if int(count) == 1 else 's'} {DONE[action]}"
    target = parts.reader().issue(*identity(told["into"])) if action == "merge" and told.get("into") else None
    undo = _UNDOES.get(action, "") if issues else ""
    return Notice(f"{text}{':' if target else '.'}", False, target, undo, tuple(issues[:MAX_UNDONE]))


def identity(selected: str) -> tuple[str, str]:
    """Return fingerprint and project of what the list's form calls an issue."""
    fingerprint, _, project = selected.partition(":")
    return fingerprint, project

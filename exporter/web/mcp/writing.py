"""Tools that change something: the same decisions as on the pages, in the history under the token's name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from errtally.exporter.web import bulk, decisions, sayings
from errtally.exporter.web.markdown import code
from errtally.exporter.web.mcp.reading import ToolError, issue
from errtally.exporter.web.merges import Refusal
from errtally.exporter.web.parts import part

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONDITIONS = {"resolve": ("in_release", "next_release"), "ignore": ("until_events", "until_users", "for_hours")}


def update_issue(given: Mapping[str, Any]) -> str:
    """Decide about an issue."""
    found, action = issue(given["issue"]), given["action"]
    before = _state(found)
    sent = {name: given[name] for names in _CONDITIONS.values() for name in names if given.get(name)}
    if wrong := [name for name in sent if name not in _CONDITIONS.get(action, ())]:
        raise ToolError(f"{wrong[0]} does not go with {action}")
    try:
        if action == "assign":
            if "assignee" not in given:
                raise ToolError("assignee is missing: a name, me, or an empty text for nobody")
            named = given["assignee"]
            sayings.say(found, "assignee", part("access").who() if named == "me" else named)
        else:
            if sent.pop("next_release", None):
                sent["in"] = "next_release"
            now = time.time()
            until = decisions.until_of(action, sent, now, is_text=False)
            decisions.take(found, decisions.STATUS_OF[action], until, now)
        if given.get("reason"):
            sayings.add_note(issue(given["issue"]), given["reason"])
    except Refusal as refusal:
        raise ToolError(str(refusal)) from refusal
    return f"{given['issue'][:80]}\n\n- before: {before}\n- now: {_state(issue(given['issue']))}\n"


def merge_issues(given: Mapping[str, Any]) -> str:
    """Merge issues into one."""
    target = issue(given["into"])
    others = [issue(named) for named in given["issues"]]
    if any(one["project"] != target["project"] for one in others):
        raise ToolError("issues of different projects can't be merged")
    others = [one for one in others if one["id"] != target["id"]]
    if not others:
        raise ToolError("these are one issue already")
    bulk.merge_all(target, others)
    merged = "".join(f"- {one['fingerprint']}: {code(one['title'], 200)}\n" for one in others)
    return f"Merged into {target['fingerprint']} ({code(target['title'], 200)}):\n\n{merged}"


def _state(found: Mapping[str, Any]) -> str:
    condition = f" {code(found['condition']['text'])}" if found["condition"] else ""
    return f"{found['status']}{condition}, assignee {code(found['assignee'], 80) if found['assignee'] else 'nobody'}"

"""The report as JSON; `schema/report.json` says what is in it."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from errtally.analyser.summary import Summary, summarise

if TYPE_CHECKING:
    from errtally.analyser.model import Finding, Report, Skipped

VERSION = 1


@cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    text = resources.files(__package__).joinpath("schema", "report.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def document(report: Report) -> dict[str, Any]:
    """Return the report as what `json` can write."""
    summary = summarise(report)
    return {
        "version": VERSION,
        "files": report.files,
        "lines": report.lines,
        "skipped": {
            "tests": report.skipped_for("test"),
            "generated": report.skipped_for("generated"),
            "unread": report.skipped_for("language"),
            "files": [_skipped(one) for one in report.skipped],
        },
        "error_handling": {
            "try_blocks": summary.try_blocks,
            "handlers": summary.handlers,
            "generic_catches": summary.generic_catches,
            "promises_without_catch": summary.promises_without_catch,
            "raised": summary.raised,
            "caught": summary.caught,
            "reported": summary.reported,
        },
        "logging": {
            "console": summary.console,
            "levels": summary.levels,
            "styles": summary.log_styles,
            "structured": summary.is_structured,
            "frameworks": _libraries(summary, "logging"),
        },
        "monitoring": {
            "trackers": _libraries(summary, "tracker"),
            "metrics": _libraries(summary, "metrics"),
            "servers": _libraries(summary, "server"),
            "global_handlers": summary.global_handlers,
        },
        "services": [
            {
                "folder": one.folder or ".",
                "trackers": one.trackers,
                "servers": one.servers,
                "global_handlers": one.global_handlers,
            }
            for one in summary.services
        ],
        "patterns": summary.patterns,
        "recommendations": [
            {
                "check": one.check.name,
                "severity": one.severity.value,
                "summary": one.check.summary,
                "why": one.check.why,
                "instead": one.check.instead,
                "places": [f"{finding.path}:{finding.line}" for finding in one.findings],
            }
            for one in summary.recommendations
        ],
        "findings": [_finding(finding) for finding in report.findings],
        "totals": {
            "findings": len(report.findings),
            "known": len(report.known),
            "hidden": report.hidden,
            "suppressed": report.suppressed,
        },
        "problems": [
            {"path": one.path, "line": one.line, "kind": one.kind, "message": one.message} for one in report.problems
        ],
    }


def _skipped(one: Skipped) -> dict[str, str]:
    return {"path": one.path, "reason": one.reason, **({"language": one.language} if one.language else {})}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "language": finding.language,
        "severity": finding.severity.value,
        "confidence": finding.confidence.value,
        "message": finding.message,
        "code": finding.snippet,
        "key": finding.key,
    }


def _libraries(summary: Summary, part: str) -> list[dict[str, Any]]:
    found = []
    for one in summary.libraries:
        if one.part == part:
            entry: dict[str, Any] = {"name": one.name, "imports": one.imports, "place": one.place}
            if one.is_initialised is not None:
                entry["initialised"] = one.is_initialised
            found.append(entry)
    return found


def render(report: Report) -> str:
    """Return the report's text."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"

"""The report as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.model import Confidence, Finding, Problem, Report, Severity

if TYPE_CHECKING:
    from errtally.analyser.check import Check

_LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PRECISIONS = {Confidence.HIGH: "high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}
_RANKS = {Confidence.HIGH: 90.0, Confidence.MEDIUM: 60.0, Confidence.LOW: 30.0}
_INDEX = {check.name: index for index, check in enumerate(CHECKS)}
MAX_RESULTS = 25_000
"""More than these, code scanning refuses."""
_LINE_HASH = "primaryLocationLineHash"
_FINGERPRINT = "errtallyContent/v1"


def document(report: Report) -> dict[str, Any]:
    """Return the log as what `json` can write; findings of the baseline are in it as unchanged."""
    states = [(finding, "new" if report.known else "") for finding in report.findings]
    states += [(finding, "unchanged") for finding in report.known]
    if len(states) > MAX_RESULTS:
        # What reads the log may take only so many: the worst come first.
        states.sort(key=lambda item: (item[0].severity.rank, item[0].confidence.rank, item[0].order))
    results = [_result(finding, state) for finding, state in states]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "errtally",
                        "semanticVersion": metadata.version("errtally"),
                        "rules": [_rule(check) for check in CHECKS],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [_notification(problem) for problem in report.problems],
                    }
                ],
                "results": results,
            }
        ],
    }


def _rule(check: Check) -> dict[str, Any]:
    return {
        "id": check.name,
        "shortDescription": {"text": check.summary},
        "fullDescription": {"text": check.why},
        "helpUri": f"https://cwe.mitre.org/data/definitions/{check.cwe}.html",
        "help": {
            "text": f"{check.why} Instead: {check.instead}",
            "markdown": f"**{check.summary}**\n\n{check.why}\n\n**Instead**: {check.instead}\n\n"
            f"Where it is meant, a comment says so: `errtally: ignore[{check.name}] the reason`.",
        },
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "precision": _PRECISIONS[check.confidence],
            "tags": ["error-handling", check.name.split("/")[0], f"external/cwe/cwe-{check.cwe:03}"],
        },
    }


def _result(finding: Finding, state: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.check,
        "ruleIndex": _INDEX[finding.check],
        "level": _LEVELS[finding.severity],
        "rank": _RANKS[finding.confidence],
        "message": {"text": finding.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(finding.path), "uriBaseId": "%SRCROOT%"},
                    "region": {
                        "startLine": finding.line,
                        "startColumn": finding.column,
                        "endLine": finding.end_line,
                        "snippet": {"text": finding.snippet},
                    },
                }
            }
        ],
        # Code scanning follows a finding by the second one, and makes it of the source where it is missing.
        "partialFingerprints": {_FINGERPRINT: finding.key, _LINE_HASH: f"{finding.key[:16]}:1"},
    }
    if state:
        result["baselineState"] = state
    return result


def _notification(problem: Problem) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(problem.path), "uriBaseId": "%SRCROOT%"}}
    if problem.line:
        place["region"] = {"startLine": problem.line}
    return {
        "level": "warning",
        "message": {"text": f"{problem.kind}: {problem.message}"},
        "locations": [{"physicalLocation": place}],
    }


def warning(report: Report) -> str:
    """Return what to tell whoever asked for more results than code scanning takes; "" when there are not so many."""
    count = len(report.findings) + len(report.known)
    if count <= MAX_RESULTS:
        return ""
    return (
        f"{count} results are more than the {MAX_RESULTS} that code scanning takes; they are in order, the worst "
        "first. Raise --min-confidence, switch checks off or analyse parts of the tree"
    )


def render(report: Report) -> str:
    """Return the log's text."""
    return json.dumps(document(report), indent=1, ensure_ascii=False) + "\n"

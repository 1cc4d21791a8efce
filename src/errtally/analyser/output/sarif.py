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
_FINGERPRINT = "errtallyContent/v1"


def document(report: Report) -> dict[str, Any]:
    """Return the log as what `json` can write; findings of the baseline are in it as unchanged."""
    results = [_result(finding, "new" if report.known else "") for finding in report.findings]
    results += [_result(finding, "unchanged") for finding in report.known]
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
        "help": {"text": f"{check.why} Instead: {check.instead}"},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "precision": _PRECISIONS[check.confidence],
            "tags": ["error-handling", check.name.split("/")[0]],
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
        "partialFingerprints": {_FINGERPRINT: finding.key},
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


def render(report: Report) -> str:
    """Return the log's text."""
    return json.dumps(document(report), indent=1, ensure_ascii=False) + "\n"

"""The baseline: findings that were there before, so that only new ones fail a build."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from errtally.analyser.model import Finding, Report

VERSION = 1


class BaselineError(ErrtallyError):
    """The baseline file can't be read or is not one."""


def render(findings: Iterable[Finding]) -> str:
    """Return the text of a baseline; it is sorted by place, so that a review shows what was added and what went."""
    entries = [
        {"key": finding.key, "check": finding.check, "path": finding.path, "code": finding.snippet}
        for finding in sorted(findings, key=lambda finding: finding.order)
    ]
    return json.dumps({"version": VERSION, "findings": entries}, indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> frozenset[str]:
    """Return the keys of a baseline.

    Raises:
        BaselineError: the file can't be read, or is not a baseline of this version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise BaselineError(f"{path}: the baseline can't be read: {exc}") from exc
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise BaselineError(f"{path}: not a baseline of version {VERSION}; write it anew with --write-baseline")
    findings = document.get("findings")
    if not isinstance(findings, list) or not all(isinstance(one, dict) and "key" in one for one in findings):
        raise BaselineError(f"{path}: `findings` is not a list of entries with keys")
    return frozenset(str(one["key"]) for one in findings)


def split(report: Report, keys: frozenset[str]) -> Report:
    """Return the report with the findings that a baseline has put aside as known."""
    new = [finding for finding in report.findings if finding.key not in keys]
    known = [finding for finding in report.findings if finding.key in keys]
    return replace(report, findings=new, known=known)

"""The baseline: findings that were there before, so that only new ones fail a build."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from errtally.errors import ErrtallyError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from errtally.analyser.model import Finding, Report

VERSION = 1


class BaselineError(ErrtallyError):
    """The baseline file can't be read or is not one."""


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding of a baseline.

    Attributes:
        code: the text of its line; ``context`` a hash of those around, "" in baselines of older releases.
    """

    key: str
    check: str
    path: str
    code: str
    context: str


def known(findings: Iterable[Finding]) -> list[KnownFinding]:
    """Return findings as a baseline holds them: sorted by place, so that a review shows what was added."""
    ordered = sorted(findings, key=lambda finding: finding.order)
    return [KnownFinding(one.key, one.check, one.path, one.snippet, one.context) for one in ordered]


def render(findings: Iterable[Finding]) -> str:
    """Return the text of a baseline."""
    entries = [asdict(one) for one in known(findings)]
    return json.dumps({"version": VERSION, "findings": entries}, indent=1, ensure_ascii=False) + "\n"


def load(path: Path) -> list[KnownFinding]:
    """Return the findings of a baseline.

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
    names = [field.name for field in fields(KnownFinding)]
    return [KnownFinding(**{name: str(one.get(name, "")) for name in names}) for one in findings]


def split(report: Report, entries: Iterable[KnownFinding]) -> Report:
    """Return the report with the findings that a baseline has put aside as known.

    Of findings on lines of the same text, those among the same lines as before are the known ones, so that what is left
    over is what was added, wherever it stands; then those that stand in the same place in the order of the file.
    """
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in report.findings:
        groups.setdefault((finding.check, finding.path, finding.snippet), []).append(finding)
    old: dict[tuple[str, str, str], list[KnownFinding]] = {}
    keys = set()
    for entry in entries:
        keys.add(entry.key)
        old.setdefault((entry.check, entry.path, entry.code), []).append(entry)
    found: set[str] = set()
    for place, group in groups.items():
        found |= _matched(group, old.get(place, []), keys)
    return replace(
        report,
        findings=[finding for finding in report.findings if finding.key not in found],
        known=[finding for finding in report.findings if finding.key in found],
    )


def _matched(group: list[Finding], entries: list[KnownFinding], keys: set[str]) -> set[str]:
    """The keys of the findings of one text that the baseline has."""
    if not any(entry.context for entry in entries):
        return {finding.key for finding in group if finding.key in keys}
    contexts = Counter(entry.context for entry in entries)
    found: list[Finding] = []
    for finding in group:
        if contexts[finding.context]:
            contexts[finding.context] -= 1
            found.append(finding)
    left = [finding for finding in group if finding not in found]
    found += left[: len(entries) - len(found)]
    return {finding.key for finding in found}

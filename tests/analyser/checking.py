"""Run one check over a piece of source, as the command would."""

from __future__ import annotations

from errtally.analyser.model import Confidence
from errtally.analyser.one_file import analyse_source
from errtally.analyser.settings import Settings

SUFFIXES = {"python": "py", "javascript": "js", "typescript": "ts", "java": "java", "go": "go"}


def lines(check: str, language: str, source: str, confidence: str = "medium") -> list[int]:
    """Return the lines on which a check has findings of at least a confidence."""
    return [line for line, _ in findings(check, language, source, confidence)]


def findings(check: str, language: str, source: str, confidence: str = "low") -> list[tuple[int, str]]:
    """Return line and confidence of a check's findings."""
    settings = Settings(enable=(check,), min_confidence=Confidence(confidence))
    result = analyse_source(f"shop.{SUFFIXES[language]}", source.encode(), settings)
    assert not result.problems
    return [
        (finding.line, finding.confidence.value)
        for finding in result.findings
        if finding.confidence.rank <= settings.min_confidence.rank
    ]

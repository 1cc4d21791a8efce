"""`flow/return-in-finally`: leaving a `finally` block early drops the error that is on its way."""

from errtally.analyser.check import Check
from errtally.analyser.checks.flow.return_in_finally import python, trees
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="flow/return-in-finally",
    cwe=584,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="return in finally",
    why="Whatever error is on its way at that moment vanishes without a trace, and so does a value being returned.",
    instead="Return after the `finally` block, and leave in it only what cleans up.",
    rules=(*python.RULES, *trees.RULES),
)

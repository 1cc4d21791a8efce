"""`suppressions/unknown-check`: a suppression of a check that there is not; `one_file` finds it."""

from errtally.analyser.check import Check
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="suppressions/unknown-check",
    cwe=1116,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    summary="suppression of an unknown check",
    why="The comment suppresses nothing, though whoever wrote it believes that it does.",
    instead="Take the check's name as the report writes it.",
    rules=(),
)

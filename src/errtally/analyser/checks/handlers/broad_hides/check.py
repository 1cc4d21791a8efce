"""`handlers/broad-hides`: everything is caught and turned into a value, so that no error is ever seen."""

from errtally.analyser.check import Check
from errtally.analyser.checks.handlers.broad_hides import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="handlers/broad-hides",
    cwe=391,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="broad catch that hides the error",
    why="A typo, a full disk and the one error that was meant give the same answer, and nothing is written down.",
    instead="Catch the exceptions that are expected here; if it has to be all, log them with their traceback.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
)

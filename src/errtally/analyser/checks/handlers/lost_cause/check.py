"""`handlers/lost-cause`: a new error is raised in place of the one that was caught, which goes missing."""

from errtally.analyser.check import Check
from errtally.analyser.checks.handlers.lost_cause import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="handlers/lost-cause",
    cwe=755,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="new error without its cause",
    why="Whoever reads the error sees where it was translated and not where it happened.",
    instead="`raise New(...) from exc`, `new Error(message, { cause: error })`, `new X(message, e)`, `%w`.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
)

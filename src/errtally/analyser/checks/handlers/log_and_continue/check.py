"""`handlers/log-and-continue`: an error is only logged, and the code goes on with a value that was never set."""

from errtally.analyser.check import Check
from errtally.analyser.checks.handlers.log_and_continue import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="handlers/log-and-continue",
    cwe=754,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="error logged, then the missing value used",
    why="A few lines on the code fails again, with an error that does not tell the cause, or uses a wrong value.",
    instead="Return or raise after the log, or set the value to something that what follows can work with.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
)

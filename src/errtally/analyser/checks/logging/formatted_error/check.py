"""`logging/formatted-error`: the error is pressed into the message of a log record."""

from errtally.analyser.check import Check
from errtally.analyser.checks.logging.formatted_error import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="logging/formatted-error",
    cwe=778,
    severity=Severity.INFO,
    confidence=Confidence.HIGH,
    summary="error formatted into a log message",
    why="The stack trace is lost, and every text is different, so that nothing groups, counts or finds them.",
    instead="Hand the error itself over: `logger.exception(...)`, `logger.error({ err }, ...)`, `log.error(text, e)`.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
)

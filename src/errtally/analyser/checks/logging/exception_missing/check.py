"""`logging/exception-missing`: a handler logs that something failed, but not what."""

from errtally.analyser.check import Check
from errtally.analyser.checks.logging.exception_missing import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="logging/exception-missing",
    cwe=778,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="log of a failure without the error",
    why="The record says that it failed, which is the one thing that whoever reads it knows already.",
    instead='`logger.exception(...)`, `logger.error({ err })`, `log.error(text, e)`, `slog.Error(text, "err", err)`.',
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
)

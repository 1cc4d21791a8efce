"""`logging/console`: a service writes to the console beside its log."""

from errtally.analyser.check import Check
from errtally.analyser.checks.logging.console import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="logging/console",
    cwe=778,
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    summary="console output in a service",
    why="It has no level, no time and no request id, and no filter or search of the logs finds it.",
    instead="Write it by the logger that the file has.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
    is_for_services=True,
)

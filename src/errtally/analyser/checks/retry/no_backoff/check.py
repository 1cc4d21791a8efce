"""`retry/no-backoff`: a call that failed is tried again at once, or for ever."""

from errtally.analyser.check import Check
from errtally.analyser.checks.retry.no_backoff import go, python, trees
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="retry/no-backoff",
    cwe=770,
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    summary="retry without backoff or limit",
    why="When the other side is down, every client hammers it at full speed, and keeps it down.",
    instead="Wait between the tries, longer each time and with some chance in it, and give up after a few.",
    rules=(*python.RULES, *trees.RULES, *go.RULES),
)

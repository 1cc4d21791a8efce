"""`handlers/swallowed`: an error is caught and nothing at all is done."""

from errtally.analyser.check import Check
from errtally.analyser.checks.handlers.swallowed import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="handlers/swallowed",
    cwe=390,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="error caught and dropped",
    why="When it happens nobody hears of it, and what the code goes on with is whatever the failed part left behind.",
    instead="Handle the error, report it, or catch only the one that is harmless and say in a comment why it is.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
)

"""`promises/missing-await`: an asynchronous function is called and nobody waits for it."""

from errtally.analyser.check import Check
from errtally.analyser.checks.promises.missing_await import javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="promises/missing-await",
    cwe=252,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="call of an async function without await",
    why="In Python it never runs; in JavaScript its error goes past every `try` around the call.",
    instead="`await` it, or hand it to something that keeps it and looks at its outcome.",
    rules=(*python.RULES, *javascript.RULES),
    is_for_services=True,
)

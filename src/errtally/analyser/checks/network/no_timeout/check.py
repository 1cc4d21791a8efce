"""`network/no-timeout`: a call over the network that waits for ever when the other side says nothing."""

from errtally.analyser.check import Check
from errtally.analyser.checks.network.no_timeout import go, java, javascript, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="network/no-timeout",
    cwe=1088,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="network call without a timeout",
    why="One peer that hangs takes a thread, then all threads, and nothing fails, so nothing alerts.",
    instead="`timeout=`, `AbortSignal.timeout(ms)`, `connectTimeout`, `http.Client{Timeout: ...}`.",
    rules=(*python.RULES, *javascript.RULES, *java.RULES, *go.RULES),
    is_for_services=True,
)

"""`handlers/error-ignored`: an error that a call hands over as a value is not looked at."""

from errtally.analyser.check import Check
from errtally.analyser.checks.handlers.error_ignored import go, javascript
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="handlers/error-ignored",
    cwe=252,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="error result ignored",
    why="The other results are zero values then, and the code goes on with them as if they were real.",
    instead='`if err != nil { return fmt.Errorf("...: %w", err) }`, `if (err) return callback(err)`.',
    rules=(*go.RULES, *javascript.RULES),
    is_for_services=True,
)

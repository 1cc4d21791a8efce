"""`suppressions/without-reason`: a suppression comment that does not say why; `one_file` finds it."""

from errtally.analyser.check import Check
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="suppressions/without-reason",
    cwe=1116,
    severity=Severity.WARNING,
    confidence=Confidence.HIGH,
    summary="suppression without a reason",
    why="A finding that somebody silenced and nobody can judge any more is worse than one that stands.",
    instead="Name the check between the brackets and the reason behind them.",
    rules=(),
)

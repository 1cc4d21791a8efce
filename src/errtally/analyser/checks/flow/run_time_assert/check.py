"""`flow/run-time-assert`: `assert` checks what a caller handed in, and is gone where assertions are switched off."""

from errtally.analyser.check import Check
from errtally.analyser.checks.flow.run_time_assert import java, python
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="flow/run-time-assert",
    cwe=617,
    severity=Severity.INFO,
    confidence=Confidence.MEDIUM,
    summary="assert as a check of input",
    why="Java leaves assertions out unless it is told otherwise, Python with -O, and the bad value goes on to do harm.",
    instead="`if not ...: raise ValueError(...)`, `if (...) throw new IllegalArgumentException(...)`.",
    rules=(*python.RULES, *java.RULES),
)

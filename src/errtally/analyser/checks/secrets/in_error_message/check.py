"""`secrets/in-error-message`: an error or a log record is built with a password or token in it."""

from errtally.analyser.check import Check
from errtally.analyser.checks.secrets.in_error_message import python, trees
from errtally.analyser.model import Confidence, Severity

CHECK = Check(
    name="secrets/in-error-message",
    cwe=209,
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    summary="secret in an error message",
    why="Messages of errors go to logs, trackers, tickets and sometimes to the visitor, and stay there.",
    instead="Say which secret is wrong and not what it is: its name, its length, the account that it belongs to.",
    rules=(*python.RULES, *trees.RULES),
)

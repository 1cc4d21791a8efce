"""The same failure is one issue, whichever client sent it.

The captures were made by three programs, which raise the same errors in the same functions, and one of them says a
little more in its message; so much is made equal here before the events are compared.
"""

from __future__ import annotations

import re

import pytest
from tests.exporter.protocols.sending import captured, deliver

from errtally.exporter.grouping import fingerprint

SENT = (
    ("sentry-python", 1),
    ("otel-python-gzip", 1),
    ("otel-python-gzip", 2),
    ("pybrake", 1),
    ("rollbar-python", 1),
    ("honeybadger-python", 1),
    ("bugsnag-python", 1),
)
_PROGRAM = re.compile(r"py_(?:sentry|otel|others)\.py")


def _value_error(folder, number):
    """The event of the capture's ValueError, as its program called shop.py would have sent it."""
    delivery = deliver(*captured(folder, number))
    events = [item.event for part in (delivery, *delivery.others) for item in part.events]
    (event,) = (
        event for event in events if "ValueError" in (event.type, *(error.type for error in event.exceptions[-1:]))
    )
    if event.stack:
        event.stack = _PROGRAM.sub("shop.py", event.stack)
    for error in event.exceptions:
        error.value = (error.value or "").removesuffix(" for bob@example.com")
        for frame in error.frames:
            frame.abs_path = _PROGRAM.sub("shop.py", frame.abs_path or frame.filename or "")
            frame.filename = None
    return event


@pytest.mark.parametrize(("folder", "number"), SENT[1:])
def test_every_client_leads_to_the_issue_of_sentrys(folder, number):
    found, expected = (fingerprint(_value_error(*sent)) for sent in ((folder, number), SENT[0]))
    assert (found.title, found.culprit) == ("ValueError: could not price order <num>", "tools/shop in outer")
    assert found.fingerprint == expected.fingerprint


def test_another_failure_is_another_issue():
    event = _value_error(*SENT[-1])
    event.exceptions[-1].frames[-1].function = "inner"
    assert fingerprint(event).fingerprint != fingerprint(_value_error(*SENT[-1])).fingerprint

"""Events: every text is scrubbed, names of code stay."""

from __future__ import annotations

from collections import Counter

from errtally.event.model import Event, ExceptionInfo, Frame, User
from errtally.event.scrub import Scrubber

R = "[REDACTED]"


def test_every_field_of_an_event_is_scrubbed():
    counts: Counter[str] = Counter()
    event = Event(
        event_id="0" * 32,
        timestamp=1.0,
        message="token=abc",
        template="for a@example.org",
        stack="x\n  password=abc\n",
        culprit="GET /a?token=abc",
        transaction="/x?secret=abc",
        server_name="a@example.org",
        release="shop@1.4.2",
        exceptions=[
            ExceptionInfo(
                type="ValueError",
                value="key AKIAIOSFODNN7EXAMPLE",
                frames=[
                    Frame(
                        function="check_token",
                        filename="https://x.example/a.js?token=abc",
                        abs_path="/home/alice/a.py",
                        context_line='password = "abc"',
                    )
                ],
            )
        ],
        frames=[Frame(context_line="secret='abc'")],
        user=User(id="17", email="a@example.org", username="b@example.org", ip_address="192.0.2.1"),
        tags={"api_key": "abc", "region": "eu-1"},
        fingerprint=["{{ default }}", "token=abc"],
    )
    Scrubber().scrub_event(event, counts)
    assert "abc" not in repr(event)
    assert "example.org" not in repr(event)
    assert "alice" not in repr(event)
    assert "AKIA" not in repr(event)
    assert User(id="17", email=R, username=R, ip_address=R) == event.user
    assert event.exceptions[0].frames[0].function == "check_token"
    assert event.release == "shop@1.4.2"
    assert event.tags == {"api_key": R, "region": "eu-1"}
    assert event.fingerprint == ["{{ default }}", f"token={R}"]
    before = repr(event)
    assert before == repr(Scrubber().scrub_event(event))
    assert counts["key"] >= 8

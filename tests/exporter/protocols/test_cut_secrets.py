"""A text that is cut at its limit within a secret keeps no part of it that could be used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.door import Door

from errtally.event.scrub import Scrubber, ScrubSettings
from errtally.exporter.protocols import native, registry, values

if TYPE_CHECKING:
    from collections.abc import Callable

# What stands in a text, and the part of it that is secret.
SECRETS = {
    "a card": ("card 4539578763621486 declined", "4539578763621486"),
    "a card with blanks": ("card 4539 5787 6362 1486 declined", "5787 6362 1486"),
    "a card with dashes": ("card 4539-5787-6362-1486 declined", "5787-6362-1486"),
    "an account": ("to GB82WEST12345698765432 now", "WEST12345698765432"),
    "an account with blanks": ("to GB82 WEST 1234 5698 7654 32 now", "WEST 1234 5698 7654 32"),
    "a token of AWS": ("denied to AKIAQYZ7K2M4N6P8R9ST now", "QYZ7K2M4N6P8R9ST"),
    "a token of GitHub": (f"as ghp_{'q7K2m4N6p8' * 4}", "q7K2m4N6p8" * 4),
    "a JSON web token": (
        f"sent eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{'Zk7Qm2Xp' * 30}.{'Vb3Ty9Lw' * 5} back", "Zk7Qm2Xp" * 30
    ),
    "a password in an address": ("no route to postgres://bob:Zk7Qm2XpVb3Ty9Lw@db.example/shop", "Zk7Qm2XpVb3Ty9Lw"),
    "a key in an address": ("post to https://0a1b2c3d4e5f60718293a4b5c6d7e8f9@sentry.example/4", "0a1b2c3d4e5f6071"),
    "a bearer token": ("header Bearer Zk7Qm2XpVb3Ty9LwHd5 sent", "Zk7Qm2XpVb3Ty9LwHd5"),
    "basic credentials": ("header Basic Ym9iOnMzY3IzdDpzM2NyM3Q= sent", "Ym9iOnMzY3IzdDpzM2NyM3Q"),
    "an assignment": ("with password=Zk7Qm2XpVb3Ty9Lw set", "Zk7Qm2XpVb3Ty9Lw"),
    "a quoted value": ('with {"token": "Zk7Qm2Xp Vb3Ty9Lw"} set', "Zk7Qm2Xp Vb3Ty9Lw"),
    "an element": ("got <password>Zk7Qm2XpVb3Ty9Lw</password> back", "Zk7Qm2XpVb3Ty9Lw"),
    "a query": ("GET /pay?api_key=Zk7Qm2XpVb3Ty9Lw&x=1", "Zk7Qm2XpVb3Ty9Lw"),
    "a cookie": ("Cookie: lang=de; sessionid=Zk7Qm2XpVb3Ty9Lw; a=b", "Zk7Qm2XpVb3Ty9Lw"),
    "a private key": (
        f"-----BEGIN PRIVATE KEY-----\n{'Zk7Qm2XpVb3Ty9Lw' * 8}\n-----END PRIVATE KEY-----", "Zk7Qm2XpVb3Ty9Lw" * 8
    ),
    "a social security number": ("ssn 536-22-8726 on file", "22-8726"),
    "a public address": ("from 203.113.187.154 now", "113.187.154"),
    "a public address of version 6": ("from 2a02:8108:1a2b:3c4d:5e6f:7a8b:9c0d:1e2f now", "1a2b:3c4d:5e6f:7a8b:9c0d"),
    "a name in a path": ("open /home/zebulon.quartermaine/app.py", "zebulon.quartermaine"),
}  # fmt: skip
LONGEST_KEPT = 7
"""Characters of a secret's beginning that may stay: fewer than are of use, and any rule needs a few to know it."""

LIMIT = 700


def _kept(text: str, secret: str) -> int:
    """The length of the longest beginning of a secret that is in a text."""
    return next((length for length in range(len(secret), 0, -1) if secret[:length] in text), 0)


@pytest.mark.parametrize("name", sorted(SECRETS))
@pytest.mark.parametrize("filler", ["lorem ", "x"], ids=["between words", "within one word"])
def test_no_cut_leaves_half_of_it(name: str, filler: str) -> None:
    text, secret = SECRETS[name]
    scrubber = Scrubber()
    begin = text.index(secret)
    for offset in range(len(secret) + 2):
        padding = (filler * LIMIT)[: LIMIT - 1 - begin - offset - 1]
        whole = f"{padding} {text} {'y ' * 50}"
        cut = values.text(whole, LIMIT)
        assert cut is not None
        assert len(cut) <= LIMIT
        scrubbed = scrubber.scrub_text(cut)
        assert _kept(scrubbed, secret) <= LONGEST_KEPT, (offset, scrubbed[-120:])
        assert scrubber.scrub_text(scrubbed) == scrubbed, "once is enough"


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_what_a_client_cut_with_three_dots_goes_as_well(name: str) -> None:
    text, secret = SECRETS[name]
    if name == "a key in an address":
        pytest.skip("an address that ends in three dots is more often one that ended")
    end = text.index(secret) + len(secret) * 2 // 3
    assert _kept(Scrubber().scrub_text(f"{text[:end]}..."), secret) <= LONGEST_KEPT


@pytest.mark.parametrize(
    "text",
    [
        "Loading https://api.example.com...",
        "no answer from https://api.example.com:8443...",
        "waited 3000 ms for order 17…",
        "see docs/eyJhb…".replace("eyJhb", "eye"),
        "cloned git@github.com…",
        "in /home/[REDACTED]/app/models…",
        "at com.example.shop.PaymentService.charge…",
        "2026-11-24 10:00:00 no stock…",
        "sk- and AKIA as words …",
        "…",
        "[REDACTED]…",
        "postgres://[REDACTED]…",
        "Bearer [REDACTED]…",
    ],
)
def test_an_honest_end_stays(text: str) -> None:
    assert Scrubber().scrub_text(text) == text


def test_the_settings_hold_for_what_was_cut() -> None:
    keeping = Scrubber(ScrubSettings(emails=False, ip_addresses="keep", home_directories=False))
    for text in ("mail bob@corp…", "from 203.113.187…", "open /home/zebulon…"):
        assert keeping.scrub_text(text) == text
        assert Scrubber().scrub_text(text) != text


def test_the_end_of_a_long_text_is_looked_at_in_linear_time() -> None:
    for piece in ("eyJ", "://", "a@", "<a>", "1 ", "1.", ":1", "GB82", "bearer ", "/home/"):
        text = piece * (200_000 // len(piece)) + "…"
        Scrubber().scrub_text(text)  # a quadratic rule would take minutes


TOKEN = "ghp_" + "q7K2m4N6p8" * 4
FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "native message": ("/api/events", lambda text: {"message": text}),
    "native type": ("/api/events", lambda text: {"message": "x", "type": text}),
    "native stack": ("/api/events", lambda text: {"message": "x", "stack": text}),
    "native fingerprint": ("/api/events", lambda text: {"message": "x", "fingerprint": [text]}),
    "native environment": ("/api/events", lambda text: {"message": "x", "context": {"environment": text}}),
    "native tag": ("/api/events", lambda text: {"message": "x", "context": {"tags": {"a": text}}}),
    "native user": ("/api/events", lambda text: {"message": "x", "context": {"user": {"id": text}}}),
    "Sentry message": ("/api/1/store/", lambda text: {"message": text}),
    "Sentry exception": ("/api/1/store/", lambda text: {"exception": [{"type": text, "value": text}]}),
    "Sentry frame": (
        "/api/1/store/",
        lambda text: {"exception": [{"type": "E", "stacktrace": {"frames": [{"filename": 5, "context_line": text}]}}]},
    ),
    "Sentry parameter": ("/api/1/store/", lambda text: {"logentry": {"message": "a %s", "params": [text]}}),
    "Airbrake message": ("/api/v3/projects/1/notices", lambda text: {"errors": [{"type": "E", "message": text}]}),
    "Airbrake file": (
        "/api/v3/projects/1/notices",
        lambda text: {"errors": [{"type": "E", "backtrace": [{"file": text, "code": {"1": text}, "line": 1}]}]},
    ),
    "Bugsnag message": ("/notify", lambda text: {"events": [{"exceptions": [{"errorClass": "E", "message": text}]}]}),
    "Honeybadger message": ("/v1/notices/", lambda text: {"error": {"class": "E", "message": text}}),
    "Rollbar message": ("/api/1/item/", lambda text: {"data": {"body": {"message": {"body": text}}}}),
    "Faro value": ("/collect", lambda text: {"exceptions": [{"type": "E", "value": text}]}),
    "OTLP stack": (
        "/v1/logs",
        lambda text: {
            "resourceLogs": [{"scopeLogs": [{"logRecords": [{"attributes": [
                {"key": "exception.stacktrace", "value": {"stringValue": text}}]}]}]}]
        },
    ),
    "a CSP report": ("/api/1/security/", lambda text: {"csp-report": {"blocked-uri": "https://a.b", "sample": text}}),
}  # fmt: skip
PLACES = (16, 32, 64, 128, 200, 256, 512, 2000, 8192, 32_768, 65_536, 262_144)
"""Every length at which anything is cut, and halves of some."""


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_no_field_of_any_protocol_is_cut_within_a_secret(field: str) -> None:
    path, build = FIELDS[field]
    door = Door()
    for place in PLACES:
        if "CSP" in field and place > 8192:
            break  # the whole report may have 64 KiB
        for before in (3, 15, 30, 42):
            filler = "lorem\n" if "stack" in field else "lorem "
            text = (filler * (place // 6 + 2))[: place - before] + f" {TOKEN} " + filler * 120
            body = json.dumps(build(text)).encode()
            sent = door.send(f"{path}?sentry_key=k&key=k", body, content_type="application/json")
            assert 200 <= sent.status < 300, sent.body
            kept = repr(door.journal.batches.pop())
            assert _kept(kept, TOKEN) <= LONGEST_KEPT + 4, (place, before)


def test_a_stack_that_is_cut_in_its_middle_keeps_whole_lines() -> None:
    lines = [f"  at f{number} (a.js:{number}:1)" for number in range(10_000)]
    cut = native._stack("\n".join(lines))
    assert cut is not None
    assert native.MAX_STACK * 0.9 < len(cut) <= native.MAX_STACK
    assert set(cut.split("\n")) <= set(lines)
    assert cut.startswith(lines[0])
    assert cut.endswith(lines[-1])


def test_a_stack_of_one_endless_line_keeps_its_beginning() -> None:
    cut = native._stack("x" * 100_000)
    assert cut is not None
    assert set(cut) == {"x", "…", "\n"}
    assert len(cut) <= native.MAX_STACK


def test_every_protocol_that_sends_errors_is_looked_at():
    looked_at = {found[0].protocol for path, _ in FIELDS.values() if (found := registry.find(path)) is not None}
    assert looked_at == {endpoint.protocol for endpoint in registry.ENDPOINTS if "error" in endpoint.categories}

"""From a request's bytes to its pages, time grows with the length of what is sent, whatever stands in whichever field.

The fields are found in the decoders (`every_field`), the texts in the rules and patterns that read them. A text of
twice the length may take 2.5 times the CPU; what is quadratic takes four times. A slow measure is taken again, and
what takes next to no time is none, so that a busy machine changes nothing.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import time
import zlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from tests.exporter import every_field
from tests.exporter.inprocess import InProcess, environ

import errtally.event.scrub
import errtally.exporter
from errtally.event.scrub.catalogue import rules
from errtally.exporter.protocols import registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.exporter.every_field import Form

GROWTH_LIMIT = 2.5
SHORTEST_SECONDS = 0.05
"""What takes less for the longer text is not measured: a quadratic one that takes so little does no harm."""
TRIES = 5
CHARACTERS = 3500
"""Twice this is below the limit of a message; a request of so many characters in every field is within its own."""
BODY_BYTES = 900_000
SHARE = int(os.environ.get("ERRTALLY_LINEAR_SHARE", "8"))
"""One of so many openings is tried in a run of the tests, always the same; 1 tries all, as `make faults` does."""
PART = 6
WORST = ["Set-Cookie: a=b; ", "=; Cookie: ", "password=", 'token=\\"', "<pin a=", "at f (a:1:2)\n", "0x1f ", "é=;\n"]
ARGUMENTS = ("query", "q", "project", "environment", "cursor", "event", "sort", "start", "end", "statsPeriod", "field")


@cache
def openings() -> tuple[str, ...]:
    """How everything that rules and patterns look for begins."""
    content = rules()
    found = {*content["text"]["key_anchors"], *content["text"]["other_anchors"]}
    found |= {needle for rule in content["values"] for needle in rule.get("needles", ())}
    found |= {_begun(pattern) for pattern in _patterns()}
    found |= {_begun(re.compile(rule["pattern"])) for rule in content["values"]}
    return tuple(sorted(filter(None, found)))


def _patterns() -> Iterator[re.Pattern[str]]:
    """The patterns of every module that reads what is sent."""
    for package in (errtally.event.scrub, errtally.exporter):
        for entry in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if entry.name.split(".")[2] in {"bench", "demo", "commands"} or entry.name.endswith("worker_start"):
                continue
            for value in vars(importlib.import_module(entry.name)).values():
                for one in _inner(value):
                    if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                        yield one


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list) and len(value) < 1000:
        for part in value:
            yield from _inner(part)
    else:
        yield value


def _begun(pattern: re.Pattern[str]) -> str:
    parsed = re._parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)  # type: ignore[attr-defined]
    return "".join(map(every_field.sampled, parsed))[:120]


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    made = InProcess(tmp_path_factory.mktemp("exporter"))
    yield made
    made.close()


def send(exporter: InProcess, form: Form, text: str) -> int:
    """Send one request of a form; return the answer's status."""
    body = form.body(text)
    made = environ(form.path, body, query=urlencode(form.query(text)), method=form.endpoint.methods[0])
    made["CONTENT_TYPE"] = form.media_type
    return exporter.call(made).status


@cache
def accepted() -> tuple[Form, ...]:
    """Every form of a request that is taken; one that several endpoints read alike stands here once."""
    found = {(form.decoder, form.name): form for forms in _by_endpoint().values() for form in forms}
    return tuple(found.values())


@cache
def _by_endpoint() -> dict[str, list[Form]]:
    import tempfile  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        exporter = InProcess(Path(folder), None)
        found: dict[str, list[Form]] = {}
        for number, endpoint in enumerate(registry.ENDPOINTS):
            answers = {form: send(exporter, form, "some words") for form in every_field.forms(endpoint)}
            name = f"{number} {endpoint.protocol} {endpoint.methods[0]} {endpoint.pattern.pattern}"
            # Some take nothing, whatever it is: they would have to fetch something, or read what nothing here can.
            if set(answers.values()) != {501} and "download" not in endpoint.endings:
                taken = [form for form, status in answers.items() if status < 300]
                found[name] = [form for form in taken if not form.is_guess] or taken
        exporter.close()
    return found


def grows_too_fast(work: Any, short: str, long: str) -> str:
    """How much longer the longer text takes, each time that it is tried; "" when it is within the limit once."""
    told = ""
    for _ in range(TRIES):
        seconds = []
        for text in (short, long):
            started = time.thread_time()
            work(text)
            seconds.append(time.thread_time() - started)
        if seconds[1] < SHORTEST_SECONDS or seconds[1] < GROWTH_LIMIT * seconds[0]:
            return ""
        told = f"{seconds[0]:.3f} s became {seconds[1]:.3f} s"
    return told


def texts(unit: str, characters: int) -> tuple[str, str]:
    """A text of so many characters, and one of twice as many, in which a unit is repeated; new ones each time."""
    short, long = ((unit * (size // len(unit) + 1))[:size] for size in (characters, 2 * characters))
    return short, long


def test_every_endpoint_takes_a_request_in_which_every_field_holds_the_text() -> None:
    assert [name for name, forms in _by_endpoint().items() if not forms] == []


def test_every_struct_of_every_protocol_is_in_a_request_that_is_taken() -> None:
    sent = {form.name.rpartition(": ")[2] for form in accepted()}
    for endpoint in registry.ENDPOINTS:
        roots = {root.__name__ for root in every_field.roots(endpoint)}
        assert not roots or roots & sent, (endpoint.pattern.pattern, roots)


def test_what_is_quadratic_is_found_and_what_is_linear_is_not() -> None:
    rows = [None] * 10_000_000

    def quadratic(text: str) -> None:
        rows[: len(text) ** 2 // 5].count(1)

    def linear(text: str) -> None:
        rows[: len(text) * 1400].count(1)

    short, long = texts("a", CHARACTERS)
    assert grows_too_fast(quadratic, short, long)
    assert not grows_too_fast(linear, short, long)


@pytest.mark.parametrize("unit", WORST)
def test_any_field_of_any_protocol_takes_time_in_proportion_to_its_length(exporter: InProcess, unit: str) -> None:
    slow = {}
    for number, form in enumerate(accepted()):
        if (number + WORST.index(unit)) % min(SHARE, 4):
            continue
        leaves = max(1, form.body("\x00mark").count(b"mark"))
        size = min(CHARACTERS, BODY_BYTES // 2 // leaves)

        def work(text: str, form: Form = form) -> None:
            send(exporter, form, text)
            exporter.fold()

        if told := grows_too_fast(work, *texts(unit, size)):
            slow[form.endpoint.protocol, form.name] = told
    assert slow == {}


def _tried() -> list[str]:
    return [unit for unit in openings() if zlib.crc32(unit.encode()) % SHARE == PART % SHARE]


def test_what_any_rule_or_pattern_looks_for_takes_time_in_proportion_to_its_length(exporter: InProcess) -> None:
    chosen = {"_Sent", "event: Event", "Payload", "ExportLogsServiceRequest (protobuf)"}
    forms = [form for form in accepted() if form.name in chosen]
    assert len(forms) >= 4
    slow = {}
    for number, unit in enumerate(_tried()):
        form = forms[number % len(forms)]

        def work(text: str, form: Form = form) -> None:
            send(exporter, form, text)
            exporter.fold()

        leaves = max(1, form.body("\x00mark").count(b"mark"))
        if told := grows_too_fast(work, *texts(unit, min(CHARACTERS, BODY_BYTES // 2 // leaves))):
            slow[form.name, unit] = told
    assert slow == {}


@pytest.mark.parametrize("unit", WORST)
def test_the_details_of_an_event_take_time_in_proportion_to_their_length(exporter: InProcess, unit: str) -> None:
    [form] = [form for form in accepted() if form.name == "_Sent"]
    document = {"message": "m", "context": {"extra": {}}}
    large = replace(
        form, body=lambda text: every_field.as_json({**document, "stack": text, "context": {"extra": {"a": text}}})
    )

    def work(text: str) -> None:
        send(exporter, large, text)
        exporter.fold()

    assert grows_too_fast(work, *texts(unit, 100_000)) == ""


def _pages(exporter: InProcess) -> list[str]:
    """Every page and answer of the API that GET brings, of an issue that there is."""
    issue = exporter.get("/api/issues?limit=1").json()["issues"][0]
    filled = dict.fromkeys(("issue", "fingerprint", "issue_id"), issue["issue"]) | {"project": issue["project"]}
    found = []
    for rule in exporter.flask.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or "stream" in rule.rule or rule.endpoint == "static":
            continue
        argument = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
        found.append(argument.sub(lambda match: quote(str(filled.get(match[1], "1"))), rule.rule))
    return found


@pytest.mark.parametrize("unit", WORST[:4])
def test_pages_take_time_in_proportion_to_what_they_show(tmp_path: Path, unit: str) -> None:
    events = [form for form in accepted() if form.name in {"_Sent", "event: Event", "Notice", "Payload", "Item"}]
    pages: dict[str, list[float]] = {}
    for text in texts(unit, CHARACTERS):
        exporter = InProcess(tmp_path / str(len(text)))
        for form in events:
            send(exporter, form, text)
        exporter.fold()
        for page in _pages(exporter):
            seconds = []
            for _ in range(3):
                started = time.thread_time()
                exporter.get(page)
                seconds.append(time.thread_time() - started)
            pages.setdefault(re.sub(r"[0-9a-f]{16}", "ISSUE", page), []).append(min(seconds))
        exporter.close()
    slow = {
        page: both
        for page, both in pages.items()
        if len(both) == 2 and both[1] > max(SHORTEST_SECONDS, GROWTH_LIMIT * both[0])
    }
    assert slow == {}


@pytest.mark.parametrize("unit", [*WORST, "is:unresolved ", "(a OR ", "!a:b ", '"', "a*", "[a,"])
def test_what_is_asked_for_takes_time_in_proportion_to_its_length(exporter: InProcess, unit: str) -> None:
    send(exporter, next(form for form in accepted() if form.name == "_Sent"), "some words")
    exporter.fold()
    slow = {}
    for page in _pages(exporter):

        def work(text: str, page: str = page) -> None:
            exporter.get(f"{page}?{urlencode(dict.fromkeys(ARGUMENTS, text))}")

        if told := grows_too_fast(work, *texts(unit, 2500)):
            slow[page] = told
    assert slow == {}

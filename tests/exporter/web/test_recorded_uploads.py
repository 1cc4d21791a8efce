"""What command lines and plugins sent for their commands, request by request: each gets the answer it goes on by."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.exporter.inprocess import InProcess, environ

from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.store.tokens import TokenStore

RECORDED = Path(__file__).parents[2] / "data" / "uploads"
KEYS = frozenset({"0123456789abcdef0123456789abcdef", "hbp_project_key"})
TOKEN = "a-token-of-24-characters"
MAPPING_ID, NATIVE_ID = "11111111-2222-5333-8444-555555555555", "707f9fd1-a5a7-2d2a-0c4d-2fe1fda3ff87"


@pytest.fixture
def exporter(tmp_path):
    config = ExporterConfig(data_dir=tmp_path, projects=(Project("storefront", "1", KEYS),), web_token=TOKEN)
    made = InProcess(tmp_path, config)
    made.token = TokenStore(tmp_path).create("ci", ("ingest-artifacts",), "ann", 1.0)
    with made.folding():
        yield made
    made.close()


def replay(exporter: InProcess, command: str) -> list[tuple[int, object]]:
    """Send the requests of a command, with a token of ours; return the answers."""
    answers = []
    for head in sorted((RECORDED / command).glob("*.head")):
        first, *lines = head.read_text().splitlines()
        method, target, _ = first.split()
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        given = {name: value for name, value in headers.items() if name.lower() in {"x-api-key", "user-agent"}}
        if any(name.lower() == "authorization" for name in headers):
            given["Authorization"] = f"Bearer {exporter.token}"
        body = head.with_suffix(".body").read_bytes() if head.with_suffix(".body").exists() else b""
        path, _, query = target.partition("?")
        made = environ(path.replace("%40", "@"), body, given, method=method, query=query)
        kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
        answer = exporter.call(made | {"CONTENT_TYPE": kind})
        assert answer.status < 500, (first, answer.body)
        assert answer.headers["Content-Type"] == "application/json"
        answers.append((answer.status, json.loads(answer.body) if answer.body else None))
    return answers


def statuses(exporter: InProcess, command: str) -> list[int]:
    return [status for status, _ in replay(exporter, command)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cli3/info", [200]),
        ("cli2/info", [200]),
        ("cli2/organizations-list", [200, 200]),
        ("cli3/repos-list", [200]),
        ("cli2/repos-list", [200]),
        ("cli3/releases-list", [200]),
        ("cli2/files-list", [200]),
        ("cli3/releases-info", [404]),
        ("cli3/code-mappings", [400]),
        ("bugsnag/build-curl", [200]),
        ("honeybadger/webpack", [201, 201]),
        ("rollbar/webpack", [200]),
        ("rollbar/curl-deploy", [200]),
        ("rollbar/curl-download", [422]),
    ],
)
def test_commands_of_one_step(exporter, command, expected) -> None:
    assert statuses(exporter, command) == expected


@pytest.mark.parametrize("client", ["cli2", "cli3"])
def test_the_life_of_a_release(exporter, client) -> None:
    assert statuses(exporter, f"{client}/releases-new") == [201]
    assert statuses(exporter, f"{client}/releases-new") == [208]
    assert statuses(exporter, f"{client}/releases-finalize") == [200]
    [(status, release)] = replay(exporter, f"{client}/releases-info")
    assert status == 200
    assert release["dateReleased"]
    assert statuses(exporter, f"{client}/deploys-new") == [201]
    [(_, deploys)] = replay(exporter, f"{client}/deploys-list")
    assert [(one["environment"], one["name"]) for one in deploys] == [("production", "blue")]
    *_, (status, release) = replay(exporter, f"{client}/releases-set-commits-auto")
    assert (status, release["commitCount"]) == (200, 2)


@pytest.mark.parametrize("client", ["cli2", "cli3"])
def test_a_native_file_and_its_sources_go_in_pieces(exporter, client) -> None:
    pytest.importorskip("symbolic")
    options, asked, sent, done = replay(exporter, f"{client}/debug-files-elf-sources")
    assert [options[0], sent[0]] == [200, 200]
    assert {one["state"] for one in asked[1].values()} == {"not_found"}
    assert {one["state"] for one in done[1].values()} == {"ok"}
    found = exporter.uploads.archive.by_debug_id("storefront", NATIVE_ID)
    assert {one.kind for one in found} == {"native", "source"}
    again = replay(exporter, f"{client}/debug-files-elf")
    assert {one["state"] for one in again[1][1].values()} == {"ok"}  # nothing is missing


def test_what_was_there_already_is_not_asked_for_by_the_older_way_either(exporter) -> None:
    pytest.importorskip("symbolic")
    first = replay(exporter, "cli2/debug-files-elf-nochunk")
    assert len(first[1][1]["missing"]) == 1
    assert first[2][0] == 201
    assert replay(exporter, "cli2/debug-files-elf-nochunk")[1][1] == {"missing": []}


@pytest.mark.parametrize("client", ["cli2", "cli3"])
def test_sources_of_the_jvm_are_refused_with_the_reason(exporter, client) -> None:
    pytest.importorskip("symbolic")
    *_, (status, done) = replay(exporter, f"{client}/debug-files-jvm")
    [state] = done.values()
    assert (status, state["state"]) == (200, "error")
    assert "JVM sources are not used" in state["detail"]


@pytest.mark.parametrize("command", ["cli3/upload-proguard", "cli2/upload-proguard-nochunk"])
def test_a_mapping_is_found_by_its_uuid(exporter, command) -> None:
    assert statuses(exporter, command)[-1] in {200, 201}
    [mapping] = exporter.uploads.archive.by_debug_id("storefront", MAPPING_ID)
    assert (mapping.kind, mapping.size_bytes) == ("proguard", 104)


def test_plugins_of_other_trackers_upload_by_release_and_address(exporter) -> None:
    for command, release in (("rollbar/webpack", "storefront@1.0.0"), ("honeybadger/webpack", "storefront@1.0.0")):
        replay(exporter, command)
        [script] = exporter.uploads.archive.by_url("storefront", release, "", ["~/static/js/app.js"])
        assert script.map_url == "app.js.map"
        assert exporter.uploads.archive.by_url("storefront", release, "", ["~/static/js/app.js.map"])

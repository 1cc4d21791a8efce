"""Bugsnag's, Honeybadger's and Rollbar's uploads of source maps and reports of deploys, in each protocol's own form."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from tests.exporter.inprocess import InProcess, environ

from errtally.exporter.artifact_settings import ArtifactSettings
from errtally.exporter.config import ExporterConfig, Limits, Project
from errtally.exporter.protocols import registry
from errtally.exporter.web.upload_paths import is_upload

KEY = "0123456789abcdef0123456789abcdef"
MAP = json.dumps({"version": 3, "sources": ["cart.ts"], "names": [], "mappings": "AAAA"}).encode()
SCRIPT = b"f();\n"
URL = "https://cdn.example/js/app.js?v=1"


@pytest.fixture
def exporter(tmp_path):
    settings = ArtifactSettings(file_bytes=100_000, request_bytes=300_000)
    config = ExporterConfig(
        data_dir=tmp_path,
        projects=(Project("shop", "1", frozenset({KEY})),),
        artifacts=settings,
        limits=Limits(body_bytes=200_000),
    )
    made = InProcess(tmp_path, config)
    yield made
    made.close()


def form(fields: dict[str, str | bytes | None]) -> bytes:
    """A form of texts, and of bytes as files."""
    body = b""
    for name, value in fields.items():
        if value is None:
            continue
        file = '; filename="/srv/x"' if isinstance(value, bytes) else ""
        content = value if isinstance(value, bytes) else value.encode()
        body += f'--xyz\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"
    return body + b"--xyz--\r\n"


def post(exporter, path: str, body: bytes | dict, headers: dict[str, str] | None = None, kind: str = ""):
    raw = body if isinstance(body, bytes) else form(body)
    content_type = kind or "multipart/form-data; boundary=xyz"
    answer = exporter.call(environ(path, raw, headers) | {"CONTENT_TYPE": content_type})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.status < 500, answer.body
    return answer


def found(exporter, release: str, url: str) -> bytes:
    """The map that a frame of an address is read by."""
    archive = exporter.uploads.archive
    [script] = [one for one in archive.by_url("shop", release, "", [url]) if one.kind == "minified_source"]
    base = url.rpartition("/")[0]
    maps = archive.by_url("shop", release, "", [f"{base}/{script.map_url}", script.map_url])
    return archive.content(maps[0].sha1)


BUGSNAG = {"apiKey": KEY, "appVersion": "1.4.2", "minifiedUrl": URL, "sourceMap": MAP, "minifiedFile": SCRIPT}
NATIVE = {"apiKey": KEY, "appVersion": "1.4.2", "platform": "android", "sourceMap": MAP, "bundle": SCRIPT}
HONEYBADGER = {"api_key": KEY, "revision": "1.4.2", "minified_url": URL, "source_map": MAP, "minified_file": SCRIPT}
ROLLBAR = {"access_token": KEY, "version": "1.4.2", "minified_url": "//cdn.example/js/app.js", "source_map": MAP}
UPLOADS = {
    "/sourcemap": (BUGSNAG, 200, {"status": "ok"}),
    "/react-native-source-map": (NATIVE, 200, {"status": "ok"}),
    "/v1/source_maps": (HONEYBADGER, 201, {"status": "OK"}),
    "/api/1/sourcemap": (ROLLBAR, 200, {"err": 0, "result": "uploaded"}),
}
FORMS = {
    "/sourcemap": "errors",
    "/react-native-source-map": "errors",
    "/v1/source_maps": "error",
    "/api/1/sourcemap": "err",
}


@pytest.mark.parametrize("path", UPLOADS)
@pytest.mark.parametrize("prefix", ["", "/errtally"])
def test_a_map_is_found_by_version_and_address(exporter, path, prefix) -> None:
    fields, status, said = UPLOADS[path]
    answer = post(exporter, f"{prefix}{path}", fields)
    assert (answer.status, answer.json()) == (status, said)
    url = "~/index.android.bundle" if "native" in path else "~/js/app.js"
    assert found(exporter, "1.4.2", url) == MAP


@pytest.mark.parametrize(
    ("pattern", "url", "is_found"),
    [
        ("https://*.example/js/*.js", "~/js/app.js", True),
        ("http*://*/js/app.js", "~/js/app.js", True),
        ("*/js/app-*.js", "~/js/app-77.js", True),
        ("https://cdn.example/*", "~/js/app.js", True),
        ("https://cdn.example/css/*", "~/js/app.js", False),
        ("/srv/shop/dist/app.js", "/srv/shop/dist/app.js", True),
    ],
)
def test_stars_in_an_address_stand_for_anything(exporter, pattern, url, is_found) -> None:
    assert post(exporter, "/sourcemap", {**BUGSNAG, "minifiedUrl": pattern}).status == 200
    assert (exporter.uploads.archive.by_url("shop", "1.4.2", "", [url]) != []) == is_found
    if is_found:
        assert found(exporter, "1.4.2", url) == MAP


def test_phones_of_ios_are_served_whatever_their_paths(exporter) -> None:
    assert post(exporter, "/react-native-source-map", {**NATIVE, "platform": "ios"}).status == 200
    assert found(exporter, "1.4.2", "/var/containers/Bundle/Application/1F/Shop.app/main.jsbundle") == MAP
    answer = post(exporter, "/react-native-source-map", {**NATIVE, "platform": "tizen"})
    assert answer.status == 422


@pytest.mark.parametrize("path", UPLOADS)
def test_uploads_by_a_key_that_everybody_sees_can_be_turned_off(tmp_path, path) -> None:
    settings = ArtifactSettings(key_uploads=False)
    made = InProcess(tmp_path, ExporterConfig(data_dir=tmp_path, artifacts=settings))
    answer = post(made, path, UPLOADS[path][0])
    assert answer.status == 403
    assert "turned off" in answer.body.decode()
    assert not made.uploads.archive.directory.exists()
    made.close()


def test_sources_that_come_along_are_kept_by_their_paths(exporter) -> None:
    post(exporter, "/v1/source_maps", {**HONEYBADGER, "src/cart.ts": b"total();\n"})
    [source] = exporter.uploads.archive.by_url("shop", "1.4.2", "", ["src/cart.ts"])
    assert (source.kind, exporter.uploads.archive.content(source.sha1)) == ("source", b"total();\n")


def test_without_a_revision_honeybadger_s_is_master(exporter) -> None:
    assert post(exporter, "/v1/source_maps", {**HONEYBADGER, "revision": None}).status == 201
    assert found(exporter, "master", "~/js/app.js") == MAP


def test_bugsnag_s_duplicates_are_a_409_unless_they_may_replace(exporter) -> None:
    assert post(exporter, "/sourcemap", BUGSNAG).status == 200
    assert post(exporter, "/sourcemap", BUGSNAG).status == 200  # the very same
    other = {**BUGSNAG, "minifiedFile": b"g();\n"}
    assert post(exporter, "/sourcemap", other).status == 409
    assert post(exporter, "/sourcemap", {**other, "overwrite": "true"}).status == 200


KEY_FIELDS = {
    "/sourcemap": "apiKey",
    "/react-native-source-map": "apiKey",
    "/v1/source_maps": "api_key",
    "/api/1/sourcemap": "access_token",
}
MAP_FIELDS = {
    "/sourcemap": "sourceMap",
    "/react-native-source-map": "sourceMap",
    "/v1/source_maps": "source_map",
    "/api/1/sourcemap": "source_map",
}


@pytest.mark.parametrize(
    ("change", "statuses"),
    [
        pytest.param({"{key}": "f" * 32}, {401, 403}, id="another key"),
        pytest.param({"{key}": None}, {401}, id="no key"),
        pytest.param({"{key}": "a b"}, {401}, id="no form of a key"),
        pytest.param({"{map}": None}, {422}, id="no map"),
        pytest.param({"{map}": b""}, {422}, id="an empty map"),
        pytest.param({"{map}": b"<html>"}, {422}, id="a page in place of a map"),
        pytest.param({"{map}": b"[" * 90_000}, {422}, id="nested deeply"),
        pytest.param({"{map}": b'{"version":3,"x":"' + b"x" * 100_000 + b'"}'}, {413}, id="too large a file"),
        pytest.param({"x": b"x" * 400_000}, {413}, id="too large a request"),
        pytest.param({f"f{n}": "x" for n in range(1100)}, {413}, id="too many fields"),
        pytest.param({"x": "x" * 2_000_000}, {413}, id="too large a field"),
    ],
)
def test_what_can_t_be_taken_is_refused_in_the_protocol_s_form(exporter, change, statuses) -> None:
    for path, (fields, _, _) in UPLOADS.items():
        named = {name.format(key=KEY_FIELDS[path], map=MAP_FIELDS[path]): value for name, value in change.items()}
        answer = post(exporter, path, {**fields, **named})
        assert answer.status in statuses, (path, answer.body)
        assert FORMS[path] in answer.json()
    assert exporter.uploads.archive.of_project("shop") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""),
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 50_000, "application/json"),
        (b"7", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"--xyz\r\n" * 500, ""),
        (b'--xyz\r\nContent-Disposition: form-data; name="a"\r\n\r\ncut', ""),
        (form({"a": "b"}), "multipart/form-data"),
        (b'--xyz\r\nContent-Disposition: form-data; filename="a.map"\r\n\r\n{}\r\n--xyz--\r\n', ""),
        (b"--xyz\r\nContent-Disposition: form-data\r\n\r\na\r\n--xyz--\r\n", ""),
        (b"a=%ff&b", "application/x-www-form-urlencoded"),
        (b"a&" * 5000, "application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_noise_is_refused(exporter, body, kind) -> None:
    for path in (*UPLOADS, "/v1/deploys", "/api/1/deploy/", "/builds", "/api/1/sourcemap/download"):
        assert 400 <= post(exporter, path, body, kind=kind).status < 500, path


def test_the_right_key_and_nothing_else_is_never_a_5xx(exporter) -> None:
    for path in ("/v1/deploys", "/builds", "/api/1/deploy/"):
        sent = {"apiKey": KEY, "api_key": KEY, "access_token": KEY, "deploy": [], "sourceControl": 7, "appVersion": {}}
        answer = post(exporter, path, json.dumps(sent).encode(), kind="application/json")
        assert answer.status == 422, path


DEPLOY = {"environment": "production", "revision": "8f93735", "local_username": "jo"}
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("path", "body", "headers", "kind", "status"),
    [
        pytest.param(
            "/v1/deploys", json.dumps({"deploy": DEPLOY}).encode(), {"X-API-KEY": KEY}, "application/json", 201,
            id="honeybadger",
        ),
        pytest.param(
            "/v1/deploys",
            urlencode({"api_key": KEY, **{f"deploy[{name}]": one for name, one in DEPLOY.items()}}).encode(),
            {}, FORM, 201, id="honeybadger, a form",
        ),
        pytest.param("/api/1/deploy/", form({"access_token": KEY, **DEPLOY}), {}, "", 200, id="rollbar, a form"),
        pytest.param(
            "/api/1/deploy", json.dumps(DEPLOY).encode(), {"X-Rollbar-Access-Token": KEY}, "application/json", 200,
            id="rollbar, JSON",
        ),
        pytest.param(
            "/builds",
            json.dumps({"apiKey": KEY, "appVersion": "8f93735", "releaseStage": "production", "builderName": "jo",
                        "sourceControl": {"revision": "33ec060"}}).encode(),
            {}, "application/json", 200, id="bugsnag",
        ),
    ],
)  # fmt: skip
def test_a_deploy_counts_as_one_that_was_told_to_us(exporter, path, body, headers, kind, status) -> None:
    assert post(exporter, path, body, headers, kind).status == status
    exporter.fold()
    [deploy] = exporter.reader.deploys("shop", "8f93735")
    assert (deploy["environment"], deploy["by"]) == ("production", "jo")
    assert exporter.total("errtally_deploys_total", project="shop", environment="production") == 1
    [release] = exporter.reader.releases("shop")
    assert release["ref"] == ("33ec060" if path == "/builds" else "")


def test_rollbar_s_deploy_that_failed_is_none_and_each_has_a_number(exporter) -> None:
    answer = post(exporter, "/api/1/deploy/", {"access_token": KEY, **DEPLOY, "status": "failed"})
    assert isinstance(answer.json()["data"]["deploy_id"], int)
    exporter.fold()
    assert exporter.reader.deploys("shop") == []


def test_nothing_is_fetched_from_an_address_and_rollbar_is_told_so(exporter) -> None:
    fields = {"access_token": KEY, "version": "1", "minified_url": "https://cdn.example/app.js"}
    answer = post(exporter, "/api/1/sourcemap/download", fields)
    assert answer.status == 422
    assert answer.json() == {"err": 1, "message": "nothing is fetched from addresses here: upload the source map"}


def test_each_path_is_its_own_protocol_s() -> None:
    expected = {
        "/sourcemap": "bugsnag", "/api/1/sourcemap": "rollbar", "/x/api/1/sourcemap/": "rollbar",
        "/v1/source_maps": "honeybadger", "/api/1/deploy": "rollbar", "/v1/deploys": "honeybadger",
        "/api/1/sourcemap/download": "rollbar",
    }  # fmt: skip
    assert {path: registry.find(path)[0].protocol for path in expected} == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/sourcemap", True),
        ("/api/1/sourcemap", True),
        ("/api/1/deploy", False),
        ("/api/1/envelope/", False),
        ("/api/0/organizations/acme/chunk-upload/", True),
        ("/api/0/projects/acme/shop/files/dsyms/", True),
        ("/api/0/projects/acme/shop/releases/a/b@1/files/", True),
        ("/api/0/organizations/acme/artifactbundle/assemble/", False),
        ("/api/0/organizations/acme/issues/", False),
        ("/", False),
    ],
)
def test_only_where_files_go_bodies_may_be_larger(path, expected) -> None:
    assert is_upload(path) == expected

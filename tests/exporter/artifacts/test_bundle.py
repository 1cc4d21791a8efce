"""Whatever bytes come as an archive or a debug file: they are read, or refused with a reason, and that is all."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha1

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errtally.errors import RejectedError
from errtally.exporter.artifact_settings import ArtifactSettings
from errtally.exporter.artifacts import debug_files, members, scripts
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import url_of
from errtally.exporter.artifacts.bundle import Bundle

LIMITS = ArtifactSettings(file_bytes=100_000, bundle_bytes=200_000, bundle_files=20)
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.sampled_from(["a.js", "files/_/_/a.js", "../a.js", "/a.js", "a/../../b", "é", "\\..\\a", "C:\\a", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda one: st.lists(one) | st.dictionaries(st.text(), one),
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["minified_source", "source_map", "source"]) | VALUES,
        "url": st.sampled_from(["~/a.js", "https://[::1", "//", "~", "data:,"]) | VALUES,
        "headers": st.dictionaries(st.sampled_from(["Debug-Id", "sourcemap", "x"]), st.text(max_size=40)) | VALUES,
    },
)
CONTENTS = st.binary(max_size=200) | st.sampled_from(
    [b'{"version":3}', b"//# sourceMappingURL=data:;base64,e30=", b"//# debugId=x", b"sourceMappingURL=data:"]
)


def packed(files: dict[str, bytes], manifest: object) -> bytes:
    made = io.BytesIO(b"")
    made.write(b"SYSB\x02\x00\x00\x00")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name or "x", content)
        archive.writestr("manifest.json", json.dumps(manifest))
    return made.getvalue()


def read(folder, content: bytes) -> None:
    """Read a bundle as an upload is; a refusal is as good as an end."""
    path, archive = folder / sha1(content).hexdigest(), Archive(folder)
    path.write_bytes(content)
    try:
        bundle = Bundle(path, LIMITS)
    except RejectedError:
        return
    try:
        files = [(entry, bundle.read(entry.path)) for entry in bundle.entries]
        archive.add(members.keep(files, archive, release="1", dist="", now=1.0))
    except RejectedError:
        pass
    finally:
        bundle.close()
        archive.close()
        path.unlink()


@MANY
@given(st.dictionaries(NAMES, CONTENTS, max_size=3), st.dictionaries(NAMES, ENTRIES | VALUES, max_size=3))
def test_archives_of_any_manifest(tmp_path, files, entries) -> None:
    read(tmp_path, packed(files, {"files": entries, "debug_id": 7}))


@MANY
@given(VALUES)
def test_manifests_of_any_shape(tmp_path, manifest) -> None:
    read(tmp_path, packed({"a": b"x"}, manifest))


@MANY
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6), st.integers(0, 400))
def test_archives_with_bytes_that_are_others_and_cut(tmp_path, changes, cut) -> None:
    content = bytearray(packed({"a": b'{"version":3}' * 20}, {"files": {"a": {"type": "source_map", "url": "~/a"}}}))
    for at, value in changes:
        content[at % len(content)] = value
    read(tmp_path, bytes(content[: len(content) - cut]) if cut % 3 == 0 else bytes(content))


@MANY
@given(st.text(max_size=60) | st.sampled_from([f"proguard/{'0' * 32}.txt", "proguard/x.txt"]), st.binary(max_size=300))
def test_debug_files_of_any_bytes(name, content) -> None:
    for head in (
        b"",
        b"\x7fELF",
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"MODULE Linux x86_64 ",
        b"SYSB\x02\x00\x00\x00PK\x03\x04",
        b"a -> b:\n",
    ):
        try:
            found = debug_files.identify(name, head + content)
        except RejectedError:
            continue
        assert all(one.debug_id for one in found)


@MANY
@given(st.binary(max_size=300), st.text(max_size=80), st.text(max_size=80))
def test_scripts_maps_and_addresses_of_any_bytes(content, url, map_url) -> None:
    for head in (
        b"",
        b"//# sourceMappingURL=",
        b"//# debugId=",
        b'{"version":3,"debugId":"',
        b"sourceMappingURL=data:;base64,",
    ):
        for read_one in (
            scripts.debug_id_of_script,
            scripts.debug_id_of_map,
            scripts.map_url_of_script,
            scripts.inline_map,
        ):
            read_one(head + content)
    scripts.joined(url_of(url), map_url)


@pytest.mark.parametrize(
    ("url", "map_url", "expected"),
    [
        ("~/js/app.js", "app.js.map", "~/js/app.js.map"),
        ("~/js/app.js", "../maps/app.js.map", "~/maps/app.js.map"),
        ("~/js/app.js", "/maps/app.js.map", "~/maps/app.js.map"),
        ("~/js/app.js", "https://maps.example/a.map", "https://maps.example/a.map"),
        ("~/js/app.js", "~/a.map", "~/a.map"),
        ("/srv/dist/app.js", "app.js.map", "/srv/dist/app.js.map"),
    ],
)
def test_a_map_s_address_is_relative_to_its_script(url, map_url, expected) -> None:
    assert scripts.joined(url, map_url) == expected


def test_a_mapping_s_uuid_is_the_one_that_sentry_cli_makes() -> None:
    # Made by sentry-cli 3.8.0 of this very mapping.
    mapping = b"shop.Cart -> a.b:\n    1:1:void total():7:7 -> c\n"
    assert debug_files.proguard_uuid(mapping) == "a4764cf9-218a-53e5-bbf6-b5f109e1c7d4"

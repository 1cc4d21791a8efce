"""A copy of an exporter's data has the uploaded files, readable, and nothing that comes again by itself."""

from __future__ import annotations

import stat

from tests.exporter.inprocess import InProcess

from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.artifacts.artifact import Artifact
from errtally.exporter.backup import backup
from errtally.exporter.installation import secret

ID = "fae3685c-1d36-4f1c-a3d4-5a5b2a4f4f11"


def test_uploaded_files_are_in_the_copy(tmp_path) -> None:
    made = InProcess(tmp_path / "data")
    secret(tmp_path / "data")
    backup(tmp_path / "data", tmp_path / "before")
    assert not (tmp_path / "before" / "artifacts").exists()
    archive = made.uploads.archive
    archive.add([Artifact("shop", "source_map", archive.keep(b"{}" * 500), 1000, ID)])
    made.uploads.chunks.keep("11f6ad8ec52a2984abaafd7c3b516503785c2072", b"x")
    backup(tmp_path / "data", tmp_path / "copy")
    made.close()
    copy = Archive(tmp_path / "copy")
    [one] = copy.by_debug_id("shop", ID)
    assert copy.content(one.sha1) == b"{}" * 500
    assert not (tmp_path / "copy" / "artifacts" / "chunks").exists()
    assert stat.S_IMODE((tmp_path / "copy" / "artifacts").stat().st_mode) == 0o700
    copy.close()

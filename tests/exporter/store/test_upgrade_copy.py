"""A store of an older version is copied before it is brought up to date, so that one can go back."""

from __future__ import annotations

import gzip
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.exporter.keep_store import STORES
from tests.exporter.next_version import next_version
from tests.faults.small_disk import fill, small_disk

from errtally.errors import StoreError
from errtally.exporter.config import ExporterConfig
from errtally.exporter.store import sqlite, sqlite_upgrading
from errtally.exporter.store.upgrades import SCHEMA_VERSION
from errtally.exporter.writer import open_local

if TYPE_CHECKING:
    from pathlib import Path

OLDER = range(1, SCHEMA_VERSION)
LAST = SCHEMA_VERSION - 1


def _kept(version: int, folder: Path) -> Path:
    """Put the store that a version made into a folder; its path."""
    path = folder / sqlite.FILE_NAME
    path.write_bytes(gzip.decompress((STORES / f"version-{version}.sqlite3.gz").read_bytes()))
    return path


def _version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        return version


def _content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


def _copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("errtally-version-*"))


@pytest.mark.parametrize("version", OLDER)
def test_the_copy_is_the_store_as_that_version_left_it(version: int, tmp_path: Path) -> None:
    path = _kept(version, tmp_path)
    before = _content(path)
    sqlite.create(path).close()
    [copy] = _copies(tmp_path)
    assert re.fullmatch(rf"errtally-version-{version}-\d{{4}}-\d\d-\d\d\.sqlite3", copy.name)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert _content(copy) == before
    assert (_version(copy), _version(path)) == (version, SCHEMA_VERSION)


def test_the_log_says_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sqlite.create(_kept(LAST, tmp_path)).close()
    said = capsys.readouterr()
    assert str(_copies(tmp_path)[0]) in said.out + said.err


def test_what_was_not_in_the_file_yet_is_in_the_copy(tmp_path: Path) -> None:
    path = _kept(LAST, tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("INSERT INTO meta VALUES ('told', 'late')")
        db.commit()
        shutil.copytree(tmp_path, tmp_path / "killed")  # as a process leaves it that is killed
    sqlite.create(tmp_path / "killed" / path.name).close()
    with closing(sqlite3.connect(_copies(tmp_path / "killed")[0])) as db:
        assert db.execute("SELECT value FROM meta WHERE name = 'told'").fetchone() == ("late",)


def test_a_store_of_this_version_and_a_new_one_are_not_copied(tmp_path: Path) -> None:
    sqlite.create(tmp_path / sqlite.FILE_NAME).close()
    sqlite.create(tmp_path / sqlite.FILE_NAME).close()
    assert _copies(tmp_path) == []


def test_the_copy_of_the_last_upgrade_stays_alone(tmp_path: Path) -> None:
    path = _kept(LAST, tmp_path)
    other = tmp_path / "errtally-version-of-mine.txt"
    other.write_text("not ours")
    sqlite.create(path).close()
    assert [_version(copy) for copy in _copies(tmp_path) if copy != other] == [LAST]
    with next_version():
        sqlite.create(path).close()
    assert [_version(copy) for copy in _copies(tmp_path) if copy != other] == [SCHEMA_VERSION]
    assert other.read_text() == "not ours"


def test_one_goes_back_by_putting_the_copy_in_its_place(tmp_path: Path) -> None:
    path = _kept(LAST, tmp_path)
    before = _content(path)
    sqlite.create(path).close()
    for one in tmp_path.glob(f"{sqlite.FILE_NAME}-*"):
        one.unlink()
    shutil.copy(_copies(tmp_path)[0], path)
    assert _content(path) == before
    sqlite.create(path).close()
    assert _version(path) == SCHEMA_VERSION


def test_without_a_copy_where_it_is_set_so(tmp_path: Path) -> None:
    path = _kept(LAST, tmp_path)
    open_local(ExporterConfig(data_dir=tmp_path, upgrade_copy=False)).source.close()
    assert (_version(path), _copies(tmp_path)) == (SCHEMA_VERSION, [])


_DYING = """
import os, sys
from pathlib import Path
from errtally.exporter.store import sqlite, sqlite_upgrading as module
from errtally.exporter.store.upgrades import SCHEMA_VERSION, Step

def die(*_):
    os.kill(os.getpid(), 9)

def die_in_steps():
    real = module.upgrade
    def upgrade(db, *arguments, **options):
        db.create_function("die", 0, die)
        return real(db, *arguments, **options)
    sqlite.upgrade = upgrade
    step = module.STEPS[SCHEMA_VERSION - 1]
    module.STEPS[SCHEMA_VERSION - 1] = Step(step.sql, step.sqlite + ";SELECT die()")

where = sys.argv[2]
if where == "steps":
    die_in_steps()
elif where == "copying":
    os.fsync = die
elif where == "naming":
    Path.rename = die
elif where == "copied":
    module.sync_directory = die
sqlite.create(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(
    ("where", "copies"),
    [
        pytest.param("copying", 0, id="while the copy is written"),
        pytest.param("naming", 0, id="before the copy has its name"),
        pytest.param("copied", 1, id="when the copy is made"),
        pytest.param("steps", 1, id="within the steps"),
    ],
)
def test_an_upgrade_that_is_killed_left_the_store_as_it_was(tmp_path: Path, where: str, copies: int) -> None:
    path = _kept(1, tmp_path)
    before = _content(path)
    ended = subprocess.run([sys.executable, "-c", _DYING, str(path), where], check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr.decode()
    assert _content(path) == before
    assert len([one for one in _copies(tmp_path) if one.suffix == ".sqlite3"]) == copies
    sqlite.create(path).close()
    assert [_version(copy) for copy in _copies(tmp_path)] == [1]
    assert _version(path) == SCHEMA_VERSION


@pytest.mark.parametrize("is_measured", [pytest.param(True, id="measured before"), pytest.param(False, id="meanwhile")])
def test_without_room_for_a_copy_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_measured: bool
) -> None:
    with small_disk(tmp_path / "disk", "4m"):
        path = _kept(LAST, tmp_path / "disk")
        before = _content(path)
        fill(tmp_path / "disk" / "full", free_bytes=path.stat().st_size // 2)
        if not is_measured:
            monkeypatch.setattr(
                sqlite_upgrading.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 0, 1 << 40)
            )
        reason = r"it needs [\d,]+ bytes, and [\d,]+ are free" if is_measured else "full"
        with pytest.raises(StoreError, match=rf"version {LAST} .*no copy .*{reason}.*`upgrade_copy: false`") as told:
            sqlite.create(path)
        assert "\n" not in str(told.value)
        assert _content(path) == before
        assert _copies(tmp_path / "disk") == []
        (tmp_path / "disk" / "full").unlink()
        sqlite.create(path).close()
        assert _version(path) == SCHEMA_VERSION


def test_a_copy_is_named_by_the_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "gmtime", lambda real=time.gmtime: real(86400.0 * 365))
    sqlite.create(_kept(LAST, tmp_path)).close()
    assert [copy.name for copy in _copies(tmp_path)] == [f"errtally-version-{LAST}-1971-01-01.sqlite3"]

"""Uploads are read by another process: once, bounded, and what kills it is told."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest
from tests.exporter.symbols import made

from errtally.errors import SymbolError
from errtally.exporter.artifacts.archive import Archive
from errtally.exporter.symbols import builder, files
from errtally.exporter.symbols.builder import Builder
from errtally.exporter.symbols.located import Origin
from errtally.exporter.symbols.resolver import Resolver

if TYPE_CHECKING:
    from pathlib import Path


def _located(resolver: Resolver) -> files.FileId:
    assert resolver.serves("web")
    found = resolver.script(Origin("web", "shop@1", ""), f"{made.PAGE}/app.js", "").wanted
    assert found is not None
    return found


def _uploaded(folder: Path) -> Resolver:
    resolver = Resolver(Archive(folder))
    made.upload(resolver.archive)
    return resolver


def test_what_was_uploaded_is_read_before_an_event_asks(tmp_path: Path) -> None:
    resolver = _uploaded(tmp_path)
    found = Builder(resolver, tmp_path)
    found._since = 0.0
    found.run()
    assert resolver.files.get(_located(resolver))


def test_a_file_that_an_event_asks_for_is_made(tmp_path: Path) -> None:
    resolver = _uploaded(tmp_path)
    wanted = _located(resolver)
    with pytest.raises(SymbolError) as error:
        resolver.files.get(wanted)
    assert error.value.reason == "building"
    Builder(resolver, tmp_path).run()
    assert resolver.files.get(wanted)


def test_one_process_at_a_time_makes_files(tmp_path: Path) -> None:
    resolver = _uploaded(tmp_path)
    wanted = _located(resolver)
    second = Builder(resolver, tmp_path)
    resolver.files.directory.mkdir(parents=True)
    with pytest.raises(SymbolError):
        resolver.files.get(wanted)
    with (resolver.files.directory / files.LOCK_NAME).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.run()
        assert not resolver.files.is_made(wanted)
    second.run()
    assert resolver.files.is_made(wanted)


def test_a_process_that_dies_is_told_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = _uploaded(tmp_path)
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o700)
    monkeypatch.setattr(builder.sys, "executable", str(killed))
    wanted = _located(resolver)
    with pytest.raises(SymbolError):
        resolver.files.get(wanted)
    Builder(resolver, tmp_path).run()
    with pytest.raises(SymbolError, match="signal 9") as error:
        resolver.files.get(wanted)
    assert error.value.reason == "bad_file"


def test_a_process_that_is_stopped_with_the_exporter_says_nothing_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver = _uploaded(tmp_path)
    stopped = tmp_path / "python"
    stopped.write_text("#!/bin/sh\nkill -TERM $$\n")
    stopped.chmod(0o700)
    wanted = _located(resolver)
    with pytest.raises(SymbolError):
        resolver.files.get(wanted)
    found = Builder(resolver, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(builder.sys, "executable", str(stopped))
        found.run()
    assert not resolver.files.is_made(wanted)
    found.run()
    assert resolver.files.get(wanted)


def test_files_go_with_their_uploads(tmp_path: Path) -> None:
    resolver = _uploaded(tmp_path)
    found = Builder(resolver, tmp_path)
    found._since = 0.0
    found.run()
    wanted = _located(resolver)
    resolver.archive.remove_release("web", "shop@1")
    found.run()
    assert not resolver.files.is_made(wanted)


def test_of_too_many_files_those_used_longest_ago_go(tmp_path: Path) -> None:
    resolver = Resolver(Archive(tmp_path))
    made.upload(resolver.archive)
    made.upload(resolver.archive, script=f"{made.SCRIPT} ", url="~/b.js")
    wanted = resolver.wanted_since(0.0)
    for one in wanted:
        files_made = resolver.files.directory
        with pytest.raises(SymbolError):
            resolver.files.get(one)
        made.make(resolver)
        resolver.files.get(one)
    size = (files_made / wanted[0].name).stat().st_size
    assert files.sweep(resolver.archive, stored_limit_bytes=size + size // 2) == 1
    assert [resolver.files.is_made(one) for one in wanted] == [False, True]


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    resolver = _uploaded(tmp_path)
    wanted = _located(resolver)
    resolver.files.directory.mkdir(parents=True)
    (resolver.files.directory / wanted.name).write_bytes(b"half of it")
    with pytest.raises(SymbolError) as error:
        resolver.files.get(wanted)
    assert error.value.reason == "building"
    Builder(resolver, tmp_path).run()
    assert resolver.files.get(wanted)

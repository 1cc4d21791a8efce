from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errtally.errors import ErrtallyError
from errtally.generate import programs
from errtally.generate.files import GENERATED_BY, drift, write
from errtally.generate.yaml_text import yaml_text

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = "# " + GENERATED_BY.format(command="rules build")
_FILES = {"a.yml": f"{_HEAD}\na: 1\n", "pages/b.md": f"{_HEAD}\nb\n"}


def test_what_was_written_does_not_drift(tmp_path: Path) -> None:
    assert write(_FILES, tmp_path) == [tmp_path / "a.yml", tmp_path / "pages/b.md"]
    assert drift(_FILES, tmp_path) == []


def test_drift_names_what_is_missing_what_differs_and_what_is_left_over(tmp_path: Path) -> None:
    write({**_FILES, "pages/old.md": f"{_HEAD}\nold\n"}, tmp_path)
    (tmp_path / "a.yml").write_text(f"{_HEAD}\na: 2\n")
    (tmp_path / "pages/b.md").unlink()
    assert drift(_FILES, tmp_path) == [
        f"{tmp_path}/a.yml:2: differs from what the configuration gives",
        f"{tmp_path}/pages/b.md: is missing",
        f"{tmp_path}/pages/old.md: is no longer generated",
    ]


def test_building_takes_away_generated_leftovers_and_nothing_else(tmp_path: Path) -> None:
    write({**_FILES, "pages/old.md": f"{_HEAD}\nold\n"}, tmp_path)
    (tmp_path / "pages/mine.md").write_text("written by hand")
    (tmp_path / "pages/theirs.md").write_text(f"# {GENERATED_BY.format(command='alertmanager build')}")
    write(_FILES, tmp_path)
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["b.md", "mine.md", "theirs.md"]


def test_a_folder_that_can_not_be_written_is_an_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ErrtallyError, match="can't write below"):
        write(_FILES, tmp_path / "file")


def test_expressions_of_several_lines_are_blocks() -> None:
    assert yaml_text({"expr": "a\nor\nb"}, "head") == "# head\n\nexpr: |-\n  a\n  or\n  b\n"


def test_a_missing_tool_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ErrtallyError, match=r"promtool is not installed.*apt-get install prometheus"):
        programs.run("promtool", [], folder=tmp_path)

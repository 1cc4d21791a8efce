"""Types of protected functions are those of the functions: a small program as mypy reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "data" / "typing" / "protected.py"
SOURCES = Path(__file__).parents[2] / "src"


def test_mypy_finds_what_is_wrong_and_nothing_else(tmp_path: Path, monkeypatch) -> None:
    api = pytest.importorskip("mypy.api")
    monkeypatch.setenv("MYPYPATH", str(SOURCES))
    out, problems, _ = api.run(
        ["--strict", "--config-file=", f"--cache-dir={tmp_path}", "--no-error-summary", "--hide-error-context",
         "--follow-imports=silent", str(PROGRAM)]
    )  # fmt: skip
    wrong = {n for n, line in enumerate(PROGRAM.read_text().splitlines(), 1) if line.endswith("# wrong")}
    found = {int(line.split(":")[1]) for line in out.splitlines() if ": error:" in line}
    assert (found, problems) == (wrong, ""), out

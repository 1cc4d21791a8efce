"""A file holds one idea: over 400 lines it says at its head why it is longer."""

from __future__ import annotations

from pathlib import Path

TOP = Path(__file__).parents[1]
FOLDERS = ("src", "exporter", "rules", "dashboards", "alertmanager", "tests")
MOST_LINES = 400
REASON = "Long because "
"""Begins the sentence of a module's docstring that says why; it stands within the first ten lines."""


def test_long_files_say_why() -> None:
    files = {path: path.read_text().splitlines() for folder in FOLDERS for path in (TOP / folder).rglob("*.py")}
    assert len(files) > 1000
    unexplained = {
        str(path.relative_to(TOP)): len(lines)
        for path, lines in files.items()
        if len(lines) > MOST_LINES and not any(REASON in line for line in lines[:10])
    }
    assert unexplained == {}

"""Placeholders of SQL: Python 3.12.0 to 3.12.3 takes numbered ones for names, which a tuple does not fill."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

EXPORTER = Path(__file__).parents[3] / "exporter"
_STATEMENT = re.compile(r"\b(?:SELECT|INSERT|UPDATE|DELETE|WHERE|VALUES)\b")
_TEXT = re.compile(r'"""(.*?)"""|"([^"\n]*)"', re.DOTALL)


@pytest.mark.parametrize("path", sorted(EXPORTER.rglob("*.py")), ids=lambda path: str(path.relative_to(EXPORTER)))
def test_no_placeholder_has_a_number(path: Path) -> None:
    texts = (first or second for first, second in _TEXT.findall(path.read_text()))
    assert [text for text in texts if _STATEMENT.search(text) and re.search(r"\?[0-9]", text)] == []

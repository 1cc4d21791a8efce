"""What must stay found: own code after patterns of real packages, with the check that finds each place beside it.

Every change that makes findings fewer is measured against these, and against real packages by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings

RECALL = Path(__file__).parents[1] / "data" / "analyser" / "recall"


def _expected(text: str) -> list[tuple[int, str]]:
    return [
        (line, found[1])
        for line, content in enumerate(text.splitlines(), 1)
        if (found := re.search(r"expect: (\S+/\S+)$", content))
    ]


@pytest.mark.parametrize("name", ["service.py", "service.js", "service.ts", "Service.java", "service.go"])
def test_all_that_is_marked_is_found_and_nothing_else(name: str, tmp_path: Path) -> None:
    """TypeScript is read by another grammar than JavaScript, from the same text."""
    text = (RECALL / f"{name.replace('.ts', '.js')}.txt").read_text()
    # A comment beside a handler explains it, so the marks must not be there.
    (tmp_path / name).write_text(re.sub(r" *(#|//) expect: .*", "", text))
    report = analyse(tmp_path, Settings())
    assert not report.problems
    assert [(finding.line, finding.check) for finding in report.findings] == _expected(text)

"""Evaluate a query by promtool, over series in promtool's notation with a sample a minute."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import yaml
from tests.peers import peer

if TYPE_CHECKING:
    from pathlib import Path


def evaluate(
    folder: Path, expr: str, series: dict[str, str], at_minutes: int, expected: list[tuple[str, float]]
) -> None:
    """Fail unless the query gives exactly these samples, labels and value each, at that time."""
    test = {
        "expr": expr,
        "eval_time": f"{at_minutes}m",
        "exp_samples": [{"labels": labels, "value": value} for labels, value in expected],
    }
    given = [{"series": name, "values": values} for name, values in series.items()]
    content = {
        "rule_files": [],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": [test]}],
    }
    (folder / "t.yml").write_text(yaml.safe_dump(content))
    done = subprocess.run(
        [peer("promtool"), "test", "rules", "t.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

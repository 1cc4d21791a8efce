"""A guard against code that became slower: CPU of the hot paths, paired with that of another commit.

Run in a checkout as ``python -m errtally.exporter.bench.check [COMMIT]``. Both trees run the same measuring file
(bench/path.py) in turns, so that what else the machine does falls on both; of each tree the least time counts, since
nothing makes code faster than it is. Exits with 1 when a path takes more than `TOLERANCE` times what it took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

TURNS = 5
TOLERANCE = 1.1
PATHS = (("sentry-envelope", 1500), ("native-single", 3000), ("native-batch", 100))
"""Kinds of work and requests of each; every one of them is also folded and stored."""

_MEASURING = Path(__file__).with_name("path.py")


def compare(here: Path, there: Path) -> list[tuple[str, float, float]]:
    """Measure every path in two trees, in turns.

    Returns:
        Kind, microseconds of CPU an event in the first tree, and in the second.
    """
    rows = []
    for kind, requests in PATHS:
        times: dict[Path, list[float]] = {here: [], there: []}
        for _ in range(TURNS):
            for tree, found in times.items():
                found.append(_microseconds(tree, kind, requests))
        rows.append((kind, min(times[here]), min(times[there])))
    return rows


def _microseconds(tree: Path, kind: str, requests: int) -> float:
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    command = [sys.executable, str(_MEASURING), kind, str(requests)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603 (ours)
    found: float = json.loads(done.stdout)["microseconds"]
    return found


def main(arguments: list[str]) -> int:
    """Compare the checkout with a commit, its parent when none is named; return the exit status."""
    commit = arguments[0] if arguments else "HEAD^"
    root = Path(_git("rev-parse", "--show-toplevel").strip())
    with tempfile.TemporaryDirectory(prefix="errtally-check-") as folder:
        there = Path(folder, "tree")
        _git("worktree", "add", "--detach", str(there), commit)
        try:
            rows = compare(root, there)
        finally:
            _git("worktree", "remove", "--force", str(there))
    sys.stdout.write(f"| work | here, us an event | {commit} | ratio |\n| --- | --- | --- | --- |\n")
    for kind, here, other in rows:
        sys.stdout.write(f"| {kind} | {here:.1f} | {other:.1f} | {here / other:.2f} |\n")
    return int(any(here > TOLERANCE * other for _, here, other in rows))


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

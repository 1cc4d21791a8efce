"""A few seconds of fuzzing in every run; by hand minutes, with ``ERRTALLY_FUZZ_SECONDS=900``."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fuzz import seeds

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("ERRTALLY_FUZZ_SECONDS", "0"))
"""How long to fuzz; 0 is for a number of runs, which takes a few seconds, and is the same on a slow machine."""

RUNS = 2000


@pytest.mark.parametrize("target", ["envelope", "otlp", "others"])
def test_no_bytes_make_the_ingest_path_fail(tmp_path: Path, target: str) -> None:
    if not os.environ.get("CI"):
        pytest.importorskip("atheris")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(seeds.of(target)):
        (corpus / f"seed-{number}").write_bytes(seed)
    end = f"-max_total_time={SECONDS}" if SECONDS else f"-runs={RUNS}"
    options = [
        end, f"-artifact_prefix={tmp_path}/", "-timeout=60", "-rss_limit_mb=1024",
        "-max_len=65536",
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "fuzz" / "decoders.py", target, *options, corpus],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs is not None
    assert int(runs[1]) >= (1 if SECONDS else RUNS), "the fuzzer hardly ran"

"""A few seconds of fuzzing in every run; by hand minutes: `python tests/fuzz/decoders.py otlp -max_total_time=600`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("ERRTALLY_FUZZ_SECONDS", "8"))


@pytest.mark.parametrize(
    ("target", "seeds"),
    [
        ("envelope", ["vectors", "captures/sentry-python-plain", "captures/sentry-browser"]),
        ("otlp", ["captures/otel-python-gzip", "captures/otel-node-json"]),
    ],
)
def test_no_bytes_make_a_decoder_fail(tmp_path: Path, target: str, seeds: list[str]) -> None:
    if not os.environ.get("CI"):
        pytest.importorskip("atheris")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for folder in seeds:
        for seed in (ROOT / "tests" / "data" / folder).iterdir():
            if seed.suffix in {".body", ".env", ".json", ".decoded"}:
                shutil.copy(seed, corpus / f"{seed.parent.name}-{seed.name}")
    options = [f"-max_total_time={SECONDS}", f"-artifact_prefix={tmp_path}/", "-timeout=5", "-rss_limit_mb=1024"]
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "fuzz" / "decoders.py", target, *options, corpus],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs is not None
    assert int(runs[1]) > 500, "the fuzzer hardly ran"

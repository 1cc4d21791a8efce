"""What the stages of the benchmark say."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from errtally.exporter.bench import check
from errtally.exporter.bench.path import Stages
from errtally.exporter.bench.profile import STAGES, Profile


def _spend(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_time_in_a_stage_within_a_stage_is_the_inner_ones_alone():
    stages = Stages()

    class Work:
        def inner(self):
            _spend(0.02)

        def outer(self):
            _spend(0.01)
            self.inner()

    stages.of("inner", Work, "inner")
    stages.of("outer", Work, "outer")
    began = time.thread_time()
    Work().outer()
    whole = time.thread_time() - began
    assert stages.seconds["inner"] >= 0.02
    assert 0.01 <= stages.seconds["outer"] < whole - 0.019


@pytest.mark.parametrize("kind", ["sentry-envelope", "native-single", "native-batch"])
def test_the_stages_of_a_way_sum_up_to_what_it_takes(kind):
    requests = "20" if kind == "native-batch" else "200"
    command = [sys.executable, "-m", "errtally.exporter.bench.path", kind, requests, "stages"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert set(found["stages"]) <= set(STAGES)
    assert found["events"] == (2000 if kind == "native-batch" else 200)
    # In one thread without waiting, everything but the loops of the measuring itself belongs to a stage.
    assert sum(found["stages"].values()) == pytest.approx(found["microseconds"], rel=0.15)


def test_a_profile_says_how_much_it_explains():
    assert Profile("native-single", {"server": 10.0, "door": 20.0}, 40.0).explained == 0.75


def test_a_path_that_became_slower_is_told(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(check, "_git", lambda *_: str(tmp_path))
    monkeypatch.setattr(check, "_microseconds", lambda tree, *_: 12.0 if tree == tmp_path else 10.0)
    assert check.main([]) == 1
    assert "| native-batch | 12.0 | 10.0 | 1.20 |" in capsys.readouterr().out
    monkeypatch.setattr(check, "_microseconds", lambda *_: 10.0)
    assert check.main(["HEAD^"]) == 0

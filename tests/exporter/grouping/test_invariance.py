"""Fingerprints hang on the event alone: not on lines, order or process."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from errtally.exporter.grouping import fingerprint
from errtally.exporter.protocols import native

STACKS = sorted((Path(__file__).parents[2] / "data" / "stacks").glob("*.txt"))


def line(**keys):
    return json.dumps(keys)


def events():
    chance = random.Random(11)
    found = [line(message=f"order {chance.randrange(99)} of {word} lost", type="LostError") for word in "abcdefgh"]
    found += [line(message=f"disk {n} full", logger="db") for n in range(5)]
    found += [line(message="", stack=path.read_text(encoding="utf-8")) for path in STACKS[:20]]
    return found


def fingerprints(lines):
    """Run the command on lines in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "errtally", "group"], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return [json.loads(answer)["fingerprint"] for answer in done.stdout.splitlines()]


def test_order_and_process_play_no_part():
    lines = events()
    expected = dict(zip(lines, fingerprints(lines), strict=True))
    shuffled = lines.copy()
    random.Random(2).shuffle(shuffled)
    half = len(lines) // 2
    for part in (shuffled[:half], shuffled[half:]):
        assert dict(zip(part, fingerprints(part), strict=True)) == {one: expected[one] for one in part}


@pytest.mark.parametrize("shift", [1, 40, 1000])
def test_shifted_lines_of_a_structured_stack_change_nothing(shift):
    def grouped(by):
        frames = [
            {"function": "main", "filename": "app.py", "lineno": 3 + by, "colno": by, "in_app": True},
            {"function": "price", "filename": "orders/price.py", "lineno": 70 + by, "in_app": True},
        ]
        body = {"message": "no price", "type": "PriceError", "stack": "\n".join(
            ["Traceback (most recent call last):"]
            + [f'  File "/srv/{f["filename"]}", line {f["lineno"]}, in {f["function"]}\n    call()' for f in frames]
            + ["PriceError: no price"]
        )}  # fmt: skip
        return fingerprint(native.event_from(json.dumps(body).encode(), 0.0, 10**6).event).fingerprint

    assert grouped(shift) == grouped(0)

"""Each stack trace that a real runtime printed is read to its exceptions and frames.

``expected.json`` holds, for each sample, its exceptions (causes first) as [module, type, first line of the value,
number of frames, [newest frame's function, module, file, line]].
"""

import json
from pathlib import Path

import pytest

from errtally.exporter.grouping.stacktraces import parse

SAMPLES = Path(__file__).parents[3] / "data" / "stacks"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())


def samples():
    texts = {path.name: path.read_text() for path in SAMPLES.glob("*.txt")}
    for path in SAMPLES.glob("*_browser.json"):
        texts |= {f"{path.name}:{name}": error["stack"] for name, error in json.loads(path.read_text()).items()}
    return texts


TEXTS = samples()


def summary(text, platform=None):
    rows = []
    for exception in parse(text, platform):
        newest = exception.frames[-1] if exception.frames else None
        rows.append(
            [
                exception.module,
                exception.type,
                exception.value.split("\n")[0] if exception.value is not None else None,
                len(exception.frames),
                [newest.function, newest.module, newest.filename, newest.lineno] if newest else None,
            ]
        )
    return rows


def test_each_sample_has_its_expectation():
    assert set(TEXTS) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_sample_is_read_as_expected(name):
    assert summary(TEXTS[name]) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_wrong_platform_does_no_harm(name):
    wrong = "lua" if name.startswith("python") else "python"
    assert summary(TEXTS[name], wrong) == EXPECTED[name]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_windows_line_ends_do_no_harm(name):
    assert summary(TEXTS[name].replace("\n", "\r\n")) == EXPECTED[name]

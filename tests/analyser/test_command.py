"""`errtally analyse` as people and builds call it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from errtally.analyser.command import command

if TYPE_CHECKING:
    from pathlib import Path

SWALLOWED = "try:\n    f()\nexcept Exception:\n    pass\n"
ASSERTED = "def f(x):\n    assert x > 0, 'no'\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "shop.py").write_text(SWALLOWED)
    return folder


def _run(*arguments: object):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_table_has_place_reason_and_what_to_write_instead(tree: Path) -> None:
    done = _run(tree)
    assert done.exit_code == 1
    assert "shop.py:3:1" in done.stdout
    assert "error caught and dropped" in done.stdout
    assert "Instead:" in done.stdout
    assert "1 findings" in done.stdout


@pytest.mark.parametrize(
    ("source", "options", "code"),
    [
        pytest.param("x = 1\n", [], 0, id="a clean tree"),
        pytest.param(SWALLOWED, [], 1, id="a finding above the threshold"),
        pytest.param(ASSERTED, [], 0, id="a finding below the threshold"),
        pytest.param(ASSERTED, ["--fail-on", "info"], 1, id="a finding at the threshold"),
        pytest.param(SWALLOWED, ["--fail-on", "never"], 0, id="no threshold"),
        pytest.param(SWALLOWED, ["--write-baseline"], 2, id="a baseline without a file"),
        pytest.param(SWALLOWED, ["--baseline", "missing.json"], 2, id="a baseline that is not there"),
        pytest.param(SWALLOWED, ["--config", "missing.yml"], 2, id="a configuration that is not there"),
        pytest.param(SWALLOWED, ["--output", "/nowhere/at/all"], 2, id="an output that can't be written"),
        pytest.param(SWALLOWED, ["--format", "xml"], 2, id="an unknown format"),
    ],
)
def test_the_exit_code(source: str, options: list[str], code: int, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(source)
    assert _run(tmp_path, *options).exit_code == code


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    assert _run(tmp_path / "missing").exit_code == 2


def test_a_single_file_can_be_analysed(tree: Path) -> None:
    document = json.loads(_run(tree / "shop.py", "--format", "json").stdout)
    assert [finding["path"] for finding in document["findings"]] == ["shop.py"]


def test_with_a_baseline_only_a_new_finding_fails(tree: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert _run(tree, "--baseline", baseline, "--write-baseline").exit_code == 0
    assert _run(tree, "--baseline", baseline).exit_code == 0
    (tree / "shop.py").write_text("# moved\n\n" + SWALLOWED)
    assert _run(tree, "--baseline", baseline).exit_code == 0
    (tree / "shop.py").write_text(SWALLOWED + "\n" + SWALLOWED)
    done = _run(tree, "--baseline", baseline, "--format", "json")
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert [finding["line"] for finding in document["findings"]] == [8]
    assert document["totals"]["known"] == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not an object"),
        pytest.param('{"version": 7, "findings": []}', id="another version"),
        pytest.param('{"version": 1, "findings": [1]}', id="entries without keys"),
    ],
)
def test_a_broken_baseline_is_named(text: str, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(text)
    done = _run(tree, "--baseline", tmp_path / "baseline.json")
    assert done.exit_code == 2
    assert "baseline.json" in done.stderr


def test_the_configuration_switches_checks_and_severities(tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "errtally.yml"
    config.write_text("analyser:\n  severities:\n    handlers/swallowed: info\n")
    assert _run(tree, "--config", config).exit_code == 0
    config.write_text("analyser:\n  disable: [handlers/]\n")
    assert json.loads(_run(tree, "--config", config, "--format", "json").stdout)["findings"] == []
    config.write_text("analyser:\n  enable: [network/]\n")
    assert json.loads(_run(tree, "--config", config, "--format", "json").stdout)["findings"] == []
    config.write_text("analyser:\n  exclude: ['shop.*']\n")
    assert json.loads(_run(tree, "--config", config, "--format", "json").stdout)["files"] == {}


def test_an_unknown_check_in_the_configuration_is_named_with_its_key(tree: Path, tmp_path: Path) -> None:
    config = tmp_path / "errtally.yml"
    config.write_text("analyser:\n  disable: [handlers/bear-except]\n  severities:\n    flow/nothing: info\n")
    done = _run(tree, "--config", config)
    assert done.exit_code == 2
    assert "analyser.disable: there is no check 'handlers/bear-except'" in done.stderr
    assert "analyser.severities: there is no check 'flow/nothing'" in done.stderr


def test_low_confidence_is_hidden_and_counted_until_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("try:\n    f()\nexcept KeyError:\n    pass\n")
    hidden = json.loads(_run(tmp_path, "--format", "json").stdout)
    assert (hidden["findings"], hidden["totals"]["hidden"]) == ([], 1)
    shown = json.loads(_run(tmp_path, "--format", "json", "--min-confidence", "low").stdout)
    assert (len(shown["findings"]), shown["totals"]["hidden"]) == (1, 0)


@pytest.mark.parametrize("form", ["table", "json", "sarif", "prometheus", "markdown"])
def test_a_report_in_a_file_is_the_same_in_every_run(form: str, tree: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        assert _run(tree, "--format", form, "--output", path, "--fail-on", "never").exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    assert "swallowed" in first.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second", "shop"]


def test_the_baseline_points_at_what_was_added_among_lines_of_the_same_text(tmp_path: Path) -> None:
    old = "def a():\n    try:\n        f()\n    except Exception:\n        pass\n"
    tree, baseline = tmp_path / "tree", tmp_path / "baseline.json"
    tree.mkdir()
    (tree / "a.py").write_text(old)
    assert _run(tree, "--baseline", baseline, "--write-baseline").exit_code == 0
    (tree / "a.py").write_text("def b():\n    try:\n        g()\n    except Exception:\n        pass\n\n\n" + old)
    done = _run(tree, "--baseline", baseline, "--format", "json")
    assert [finding["line"] for finding in json.loads(done.stdout)["findings"]] == [4]
    # A change of the lines around an old finding does not make it new.
    (tree / "a.py").write_text(old.replace("f()", "f(1)").replace("pass", "pass\n\n\nx = 1"))
    assert json.loads(_run(tree, "--baseline", baseline, "--format", "json").stdout)["findings"] == []


def test_a_baseline_of_an_older_release_is_read(tree: Path, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline.json"
    assert _run(tree, "--baseline", baseline, "--write-baseline").exit_code == 0
    document = json.loads(baseline.read_text())
    for entry in document["findings"]:
        del entry["context"]
    baseline.write_text(json.dumps(document))
    assert _run(tree, "--baseline", baseline).exit_code == 0

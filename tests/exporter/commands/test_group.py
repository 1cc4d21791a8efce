"""`errtally group` answers each event with its issue, in order, and names the line that it can't read."""

import json

import pytest
from click.testing import CliRunner

from errtally.exporter.commands.group import command

EVENTS = [
    {"message": "order 17 lost", "level": "error", "type": "LostError"},
    {"message": "disk full", "level": "fatal", "logger": "db"},
    {"message": "order 23 lost", "type": "LostError", "context": {"tags": {"a": 1}}, "unknown": [1]},
]


def run(lines, *arguments):
    return CliRunner().invoke(command, arguments, input=lines)


def test_each_event_gets_one_line_in_order():
    result = run("\n\n".join(json.dumps(event) for event in EVENTS))
    issues = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [issue["title"] for issue in issues] == [
        "LostError: order <num> lost",
        "disk full",
        "LostError: order <num> lost",
    ]
    assert list(issues[1]) == ["issue", "type", "title", "culprit", "fingerprint", "why"]
    assert issues[0]["issue"] == issues[0]["fingerprint"] == issues[2]["issue"] != issues[1]["issue"]
    assert issues[1]["culprit"] == "db"
    assert issues[0]["why"] == ["version 2", "type LostError", "message order <num> lost"]


def test_explain_writes_for_people():
    result = run(json.dumps(EVENTS[1]), "--explain")
    heading, *rest = result.stdout.splitlines()
    assert heading.endswith("  disk full")
    assert rest == ["  at  db", "  by  version 2", "  by  message disk full"]
    assert "  at  " not in run(json.dumps({"message": "x"}), "--explain").stdout


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param("{", "truncated", id="broken JSON"),
        pytest.param("17", "Expected `object`", id="no object"),
        pytest.param('{"message": 17}', "Expected `str`, got `int` - at `$.message`", id="a message that is a number"),
        pytest.param(
            '{"message": "x", "stack": []}',
            "Expected `str | null`, got `array` - at `$.stack`",
            id="a stack that is a list",
        ),
        pytest.param(
            '{"message": "x", "fingerprint": "x"}',
            "Expected `array | null`, got `str` - at `$.fingerprint`",
            id="a fingerprint that is a string",
        ),
        pytest.param(b'{"message": "\xff"}', "utf-8", id="bytes that are no text"),
    ],
)
def test_a_line_that_is_no_event_is_named(line, complaint):
    first = json.dumps(EVENTS[0]).encode()
    result = run(first + b"\n\n" + (line if isinstance(line, bytes) else line.encode()) + b"\n" + first)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: standard input, line 3: ")
    assert complaint in result.stderr
    assert len(result.stdout.splitlines()) == 1


def test_no_input_gives_no_output():
    assert run("").output == ""


WORDS = ["alpha", "basket", "cobalt", "delta", "ember"]
VARYING = [{"message": f"plugin {word} could not be loaded"} for word in WORDS]


def lines(events):
    return "\n".join(map(json.dumps, events))


def test_events_are_in_the_issue_that_they_end_up_in():
    issues = [json.loads(line) for line in run(lines(VARYING)).stdout.splitlines()]
    assert {issue["issue"] for issue in issues} == {issues[0]["fingerprint"]}
    assert len({issue["fingerprint"] for issue in issues}) == 5
    assert issues[1]["why"][-1] == f"merged into {issues[0]['issue']}: varying word"
    assert issues[0]["why"] == ["version 2", "message plugin alpha could not be loaded"]


def test_a_stream_is_answered_line_by_line():
    issues = [json.loads(line) for line in run(lines(VARYING), "--stream").stdout.splitlines()]
    assert len({issue["issue"] for issue in issues}) == 4
    assert issues[4]["issue"] == issues[0]["issue"]


def test_stats_are_counts_on_standard_error():
    result = run(lines([*VARYING, EVENTS[1], EVENTS[1]]), "--stats")
    counts = dict(pair.split("=") for pair in result.stderr.split())
    assert float(counts.pop("seconds")) >= 0
    assert counts == {"events": "7", "issues": "2", "merges": "4"}
    assert len(result.stdout.splitlines()) == 7


def test_the_configuration_has_rules_and_switches(tmp_path):
    file = tmp_path / "errtally.yml"
    file.write_text(
        "grouping: {merge: {varying_word: false}, rules: [{match: {logger: db}, fingerprint: [db], title: Database}]}",
        encoding="utf-8",
    )
    result = run(lines([*VARYING, EVENTS[1]]), "--config", str(file))
    issues = [json.loads(line) for line in result.stdout.splitlines()]
    assert len({issue["issue"] for issue in issues}) == 6
    assert issues[-1]["title"] == "Database"
    assert issues[-1]["why"][1:] == ["rule grouping.rules[0]: logger db", "rule fingerprint db"]


def test_a_wrong_configuration_is_told_with_its_place(tmp_path):
    file = tmp_path / "errtally.yml"
    file.write_text("grouping: {rules: [{match: {type: a}, fingerprint: ['{{ x }}']}]}", encoding="utf-8")
    result = CliRunner().invoke(command, ["--config", str(file)], input="")
    assert f"{file}: grouping.rules[0].fingerprint[0]: there is no variable" in str(result.exception)


def test_it_scrubs_as_the_configuration_says(tmp_path):
    file = tmp_path / "errtally.yml"
    file.write_text("scrubbing: {patterns: ['ORD-[a-z]+'], keys: [member]}\n")
    lines = "\n".join(
        json.dumps({"message": f"no {word} for ORD-{word}, member={word}"}) for word in ("stock", "price")
    )
    titles = [json.loads(line)["title"] for line in run(lines, "--config", str(file)).stdout.splitlines()]
    assert titles == ["no stock for <str>, member=<str>", "no price for <str>, member=<str>"]


def test_a_wrong_pattern_is_named_with_its_place(tmp_path):
    file = tmp_path / "errtally.yml"
    file.write_text("scrubbing: {patterns: ['(']}\n")
    result = run("{}", "--config", str(file))
    assert result.exit_code != 0
    assert f"{file}: scrubbing.patterns[0]" in str(result.exception)

"""Settings of grouping: every mistake in them is named with its place, all at once."""

from __future__ import annotations

import pytest

from errtally import config
from errtally.config.grouping import FingerprintRule, GroupingSettings, grouping
from errtally.errors import ConfigError
from errtally.exporter import config as exporter


def settings(text: str) -> GroupingSettings:
    return grouping(config.parse(text, "f"), "f")


def test_an_empty_configuration_gives_every_default() -> None:
    assert grouping({}, "f") == GroupingSettings()
    assert GroupingSettings().similarity == 0.85


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{similarity: 0}", GroupingSettings(similarity=0), id="similarity off"),
        pytest.param("{similarity: 0.9}", GroupingSettings(similarity=0.9), id="more alike"),
        pytest.param("{merge: {similar: false}}", GroupingSettings(similarity=0), id="the switch of similarity"),
        pytest.param("{merge: {varying_word: false}}", GroupingSettings(merge_varying_word=False), id="varying words"),
        pytest.param(
            "{merge: {former_version: false}}", GroupingSettings(merge_former_version=False), id="former versions"
        ),
    ],
)
def test_merges_can_be_chosen(text: str, expected: GroupingSettings) -> None:
    assert settings(f"grouping: {text}") == expected


def test_a_rule_keeps_its_place() -> None:
    text = "grouping: {rules: [{match: {type: A*, tags.x: ['!b', c]}, fingerprint: ['{{ type }}', x], title: T}]}"
    assert settings(text).rules == (
        FingerprintRule(
            "grouping.rules[0]", (("type", ("A*",)), ("tags.x", ("!b", "c"))), ("{{ type }}", "x"), title="T"
        ),
    )


def test_all_mistakes_are_told_at_once() -> None:
    text = """
grouping:
  rules:
    - {match: {type: "!"}, fingerprint: ["{{ user }}"]}
    - {match: {type: A}, fingerprint: [a, "{{ tags. }}"], title: "{{ type"}
"""
    with pytest.raises(ConfigError) as caught:
        settings(text)
    known = "known are default, type, message, function, module, transaction, level, logger, tags.NAME"
    assert list(caught.value.problems) == [
        "f: grouping.rules[0].match.type: '!' negates nothing; '!*' stands for a value that is missing",
        f"f: grouping.rules[0].fingerprint[0]: there is no variable '{{{{ user }}}}'; {known}",
        f"f: grouping.rules[1].fingerprint[1]: there is no variable '{{{{ tags. }}}}'; {known}",
        "f: grouping.rules[1].title: '{{ type' opens a variable with {{ and does not close it with }}",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("{similarity: 0.2}", "grouping.similarity", id="so unlike that everything is alike"),
        pytest.param("{rules: [{fingerprint: [a]}]}", "grouping.rules[0]: 'match' is a required", id="matches nothing"),
        pytest.param("{rules: [{match: {}, fingerprint: [a]}]}", "grouping.rules[0].match", id="an empty match"),
        pytest.param("{rules: [{match: {type: a}}]}", "'fingerprint' is a required", id="no fingerprint"),
        pytest.param("{rules: [{match: {typ: a}, fingerprint: [a]}]}", "'typ' is not a matcher:", id="a mistyped one"),
        pytest.param(
            "{rules: [{match: {type: [1]}, fingerprint: [a]}]}", "grouping.rules[0].match.type", id="a number"
        ),
        pytest.param("{merge: {similarity: true}}", "unknown key 'similarity'", id="a switch that there is not"),
    ],
)
def test_what_does_not_fit_is_named(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match="f:1: ") as caught:
        settings(f"grouping: {text}")
    assert complaint in str(caught.value)


def test_workers_get_the_rules_as_they_were_checked() -> None:
    text = "grouping: {similarity: 0.9, rules: [{match: {type: [a, '!b']}, fingerprint: [x], title: T}]}"
    settings_of_all = exporter.build(config.parse(text, "f"), "f")
    assert settings_of_all.grouping == settings(text)
    assert exporter.from_json(exporter.to_json(settings_of_all)) == settings_of_all

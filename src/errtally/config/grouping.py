"""Settings of grouping: the server's own fingerprint rules, and which issues become one by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from errtally.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SIMILARITY: Final = 0.85

VARIABLE: Final = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
"""A variable in a fingerprint or a title, as ``{{ type }}``."""

VARIABLES: Final = ("default", "type", "message", "function", "module", "transaction", "level", "logger")
"""What a rule may use beside ``tags.NAME``."""

TAGS: Final = "tags."


@dataclass(frozen=True, slots=True)
class FingerprintRule:
    """One rule: events that it matches have its fingerprint.

    Attributes:
        place: where it stands in the file, as ``grouping.rules[0]``.
        match: matcher to its globs; all matchers have to match.
        fingerprint: parts, with variables.
        title: what the issue is called instead of the computed title, with variables; None keeps that.
    """

    place: str
    match: tuple[tuple[str, tuple[str, ...]], ...]
    fingerprint: tuple[str, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class GroupingSettings:
    """How events become issues, as far as it can be chosen.

    Attributes:
        similarity: how alike two messages are, from 0 to 1, for the second to join the first one's issue; 0 = off.
        merge_varying_word: whether messages that differ in one word with many values become one issue.
        merge_former_version: whether an issue goes on when a new version of errtally computes other fingerprints.
        rules: the first that matches wins.
        in_app_include: packages and folders whose frames are the application's.
        in_app_exclude: packages and folders whose frames are not; ``in_app_include`` goes before.
    """

    similarity: float = DEFAULT_SIMILARITY
    merge_varying_word: bool = True
    merge_former_version: bool = True
    rules: tuple[FingerprintRule, ...] = ()
    in_app_include: tuple[str, ...] = ()
    in_app_exclude: tuple[str, ...] = ()


def grouping(document: Mapping[str, Any], name: str) -> GroupingSettings:
    """Build the settings from a configuration that fits the schema; ``name`` stands in front of each problem.

    Raises:
        ConfigError: a rule uses a variable that there is not, or a glob without anything in it; lists all of them.
    """
    values: Mapping[str, Any] = document.get("grouping", {})
    problems: list[str] = []
    rules = tuple(
        _rule(f"grouping.rules[{index}]", rule, problems) for index, rule in enumerate(values.get("rules", []))
    )
    if problems:
        raise ConfigError([f"{name}: {problem}" for problem in problems])
    merge: Mapping[str, bool] = values.get("merge", {})
    in_app: Mapping[str, Any] = values.get("in_app", {})
    return GroupingSettings(
        similarity=float(values.get("similarity", DEFAULT_SIMILARITY)) if merge.get("similar", True) else 0.0,
        merge_varying_word=merge.get("varying_word", True),
        merge_former_version=merge.get("former_version", True),
        rules=rules,
        in_app_include=tuple(in_app.get("include", ())),
        in_app_exclude=tuple(in_app.get("exclude", ())),
    )


def _rule(place: str, values: Mapping[str, Any], problems: list[str]) -> FingerprintRule:
    match = tuple(
        (matcher, (globs,) if isinstance(globs, str) else tuple(globs)) for matcher, globs in values["match"].items()
    )
    for matcher, globs in match:
        problems += [
            f"{place}.match.{matcher}: {glob!r} negates nothing; '!*' stands for a value that is missing"
            for glob in globs
            if not glob.removeprefix("!").strip()
        ]
    texts = [(f"{place}.fingerprint[{index}]", part) for index, part in enumerate(values["fingerprint"])]
    if "title" in values:
        texts.append((f"{place}.title", values["title"]))
    for where, text in texts:
        for found in VARIABLE.finditer(text):
            if found[1] not in VARIABLES and not (found[1].startswith(TAGS) and len(found[1]) > len(TAGS)):
                known = ", ".join((*VARIABLES, "tags.NAME"))
                problems.append(f"{where}: there is no variable {found[0]!r}; known are {known}")
        if "{{" in VARIABLE.sub("", text):
            problems.append(f"{where}: {text!r} opens a variable with {{{{ and does not close it with }}}}")
    return FingerprintRule(place, match, tuple(values["fingerprint"]), values.get("title"))

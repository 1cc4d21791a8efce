"""What a check is: a name, what it stands for, and the rules by which it finds places in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from errtally.analyser.model import LANGUAGES

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterable

    from tree_sitter import Node

    from errtally.analyser.model import Confidence, Hit, Service, Severity
    from errtally.analyser.syntax.python import PythonFile
    from errtally.analyser.syntax.tree import TreeFile


@dataclass(frozen=True, slots=True)
class PythonRule:
    """Looks at every node of the kinds given in a Python file.

    Attributes:
        called: for calls: the last names of what is called that the rule asks about; empty stands for all. Most calls
            are of no interest to any rule, and this keeps them from being looked at by each.
    """

    kinds: tuple[type[ast.AST], ...]
    find: Callable[[PythonFile, Any], Iterable[Hit]]
    called: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TreeRule:
    """Looks at every node of the kinds given in a file that tree-sitter parsed."""

    languages: tuple[str, ...]
    kinds: tuple[str, ...]
    find: Callable[[TreeFile, Node], Iterable[Hit]]


@dataclass(frozen=True, slots=True)
class ProjectRule:
    """Looks at the facts of one service of the tree."""

    find: Callable[[Service], Iterable[Hit]]


Rule = PythonRule | TreeRule | ProjectRule


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: stable; stands in the configuration, in output and in suppression comments.
        cwe: number of the weakness that the check finds, in the Common Weakness Enumeration.
        confidence: of its findings, unless a finding has its own.
        summary: what it finds, a few words.
        why: what it costs, one sentence.
        instead: what to write instead, one sentence.
        is_for_services: what it finds costs something only in code that runs as a service: in examples, in a
            browser and in scripts its findings are of low confidence.
    """

    name: str
    cwe: int
    severity: Severity
    confidence: Confidence
    summary: str
    why: str
    instead: str
    rules: tuple[Rule, ...]
    is_for_services: bool = False


JAVASCRIPT = ("javascript", "typescript")
"""The languages that share rules for JavaScript's syntax."""


def languages_of(check: Check) -> tuple[str, ...]:
    """Return the languages in which a check finds something; checks of comments and of the whole tree do in all."""
    found: set[str] = set()
    for rule in check.rules:
        if isinstance(rule, PythonRule):
            found.add("python")
        elif isinstance(rule, TreeRule):
            found.update(rule.languages)
        else:
            found.update(LANGUAGES)
    return tuple(language for language in LANGUAGES if language in found or not check.rules)

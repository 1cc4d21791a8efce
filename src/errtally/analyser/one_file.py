"""Analyse one file: parse it, collect its facts, run the checks, apply suppressions."""

from __future__ import annotations

import ast
import gc
import warnings
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from errtally.analyser.check import JAVASCRIPT, Check, PythonRule, TreeRule
from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.checks.suppressions.unknown_check import CHECK as UNKNOWN_CHECK
from errtally.analyser.checks.suppressions.without_reason import CHECK as WITHOUT_REASON
from errtally.analyser.facts.registry import PYTHON_COLLECTORS, TREE_COLLECTORS
from errtally.analyser.keys import Keys, context
from errtally.analyser.model import Confidence, FileResult, Finding, Hit, Problem, Severity
from errtally.analyser.sources.embedded import scripts
from errtally.analyser.sources.generated import is_bundle, is_generated, is_minified_beside
from errtally.analyser.sources.languages import grammar_of, is_example, is_test_source
from errtally.analyser.sources.newer_python import rewritten
from errtally.analyser.sources.notebook import code
from errtally.analyser.sources.read import SourceError, decode_python, read
from errtally.analyser.suppression import MARKER, Suppression, suppressions
from errtally.analyser.syntax.browser import is_browser
from errtally.analyser.syntax.comments import python_comments, tree_comments
from errtally.analyser.syntax.javascript_promises import is_command
from errtally.analyser.syntax.python import PythonFile
from errtally.analyser.syntax.tree import TreeFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from errtally.analyser.settings import Settings

_NAMES = frozenset(check.name for check in CHECKS)


def analyse_file(root: Path, path: str, settings: Settings) -> FileResult:
    """Analyse one file of a tree; what goes wrong with it becomes a problem of its result.

    Args:
        root: the tree.
        path: relative to the tree, with slashes; its suffix is one of `languages`.
        settings: how to analyse.
    """
    language, form = grammar_of(path) or ("", "")
    try:
        source = read(root / path, settings.max_file_bytes)
        language, form = grammar_of(path, source) or ("", "")
        # A notebook is one long line of JSON as often as not, and so is a page's markup.
        if form not in {"notebook", "page"} and (
            is_generated(source) or is_bundle(path, source) or is_minified_beside(root / path)
        ):
            return FileResult(path, language, skipped="generated")
        if is_test_source(path, source) and not settings.include_tests:
            return FileResult(path, language, skipped="test")
        return analyse_source(path, source, settings, folder=(root / path).parent)
    except SourceError as exc:
        return FileResult(path, language, problems=[Problem(path, exc.line, exc.kind, str(exc))])
    except Exception as exc:  # noqa: BLE001 (an error of a check must not lose the other files; it is reported)
        message = f"the analyser failed: {type(exc).__name__}: {exc}"
        return FileResult(path, language, problems=[Problem(path, 0, "internal", message)])


def analyse_source(path: str, source: bytes, settings: Settings, *, folder: Path | None = None) -> FileResult:
    """Analyse source text.

    Args:
        path: of the file; its suffix decides how the text is read.
        source: the text.
        settings: how to analyse.
        folder: where the other files of a Go package are; None when there are no others.

    Raises:
        SourceError: it does not parse.
    """
    language, grammar_name = grammar_of(path, source) or ("", "")
    result = FileResult(path, language)
    if grammar_name == "page":
        grammar_name, source = scripts(path, source)
        if is_generated(b"\n".join(line.strip() for line in source.split(b"\n"))):
            return FileResult(path, language, skipped="generated")
        result.language = "javascript" if grammar_name == "javascript" else "typescript"
    if grammar_name == "notebook":
        text, places = code(source)
        _python(result, text, settings)
        _move(result, places)
    elif language == "python":
        _python(result, decode_python(source), settings)
    else:
        _tree(result, source, grammar_name, settings, folder)
    return result


@cache
def _python_kinds() -> frozenset[type[ast.AST]]:
    rules = [rule for check in CHECKS for rule in check.rules if isinstance(rule, PythonRule)]
    collected = [kind for collector in PYTHON_COLLECTORS for kind in collector.kinds]
    return frozenset([*(kind for rule in rules for kind in rule.kinds), *collected])


@cache
def _tree_kinds(language: str) -> frozenset[str]:
    rules = [rule for check in CHECKS for rule in check.rules if isinstance(rule, TreeRule)]
    kinds = {kind for rule in rules if language in rule.languages for kind in rule.kinds}
    return frozenset(
        kinds | {kind for languages, found, _ in TREE_COLLECTORS if language in languages for kind in found}
    )


def _move(result: FileResult, places: list[int]) -> None:
    """Give what was found in a notebook's code the lines of the notebook's file."""
    result.lines = len(places)
    result.findings = [
        replace(one, line=_place(one.line, places), end_line=_place(one.end_line, places)) for one in result.findings
    ]
    result.suppressions = {_place(line, places): checks for line, checks in result.suppressions.items()}
    result.facts.first = {key: (path, _place(line, places)) for key, (path, line) in result.facts.first.items()}


def _place(line: int, places: list[int]) -> int:
    return places[min(line, len(places)) - 1]


def _parsed(text: str) -> ast.Module:
    """Parse Python; what the interpreter is too old for is rewritten first.

    Raises:
        SyntaxError: it is not Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return ast.parse(text)
        except SyntaxError:
            older = rewritten(text)
            if older is None:
                raise
            return ast.parse(older)


def _python(result: FileResult, text: str, settings: Settings) -> None:
    # A syntax tree has no cycles, and the collector would walk it again and again while it grows.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        file = PythonFile(result.path, text, _parsed(text), _python_kinds())
    except SyntaxError as exc:
        raise SourceError("syntax", exc.msg, exc.lineno or 0) from exc
    except (ValueError, RecursionError, MemoryError) as exc:
        raise SourceError("syntax", f"can't be parsed: {type(exc).__name__}: {exc}") from exc
    finally:
        if was_enabled:
            gc.enable()
    result.lines = len(file.lines)
    for collector in PYTHON_COLLECTORS:
        collector.collect(file, result.facts)
    hits = []
    for check in CHECKS:
        if settings.is_enabled(check.name):
            for rule in check.rules:
                if isinstance(rule, PythonRule):
                    hits += [(check, hit) for node in _nodes_of(rule, file) for hit in rule.find(file, node)]
    comments = suppressions(python_comments(text)) if MARKER in text else []
    _finish(result, hits, file.lines, comments, settings)


def _nodes_of(rule: PythonRule, file: PythonFile) -> Iterable[ast.AST]:
    if rule.called:
        return file.calls(rule.called)
    return (node for kind in rule.kinds for node in file.nodes(kind))


def _tree(result: FileResult, source: bytes, grammar_name: str, settings: Settings, folder: Path | None) -> None:
    file = TreeFile(result.path, result.language, grammar_name, source, _tree_kinds(result.language))
    if grammar_name == "javascript" and file.root.has_error:
        # Flow's types are not JavaScript, and most of them are TypeScript.
        typed = TreeFile(result.path, result.language, "tsx", source, _tree_kinds(result.language))
        file = file if typed.root.has_error else typed
    file.folder = folder
    result.lines = len(file.lines)
    if line := file.error_line():
        result.problems.append(Problem(result.path, line, "syntax", "a part does not parse; the rest was analysed"))
    for languages, kinds, collect in TREE_COLLECTORS:
        if result.language in languages:
            for node in file.nodes(*kinds):
                collect(file, node, result.facts)
    hits = []
    for check in CHECKS:
        if settings.is_enabled(check.name):
            for rule in check.rules:
                if isinstance(rule, TreeRule) and result.language in rule.languages:
                    for node in file.nodes(*rule.kinds):
                        # What stands inside of a syntax error may be anything.
                        if not node.has_error:
                            hits += [(check, hit) for hit in rule.find(file, node)]
    comments = suppressions(tree_comments(file)) if MARKER.encode() in source else []
    is_service = not (hits and result.language in JAVASCRIPT and (is_browser(file) or is_command(file)))
    _finish(result, hits, file.lines, comments, settings, is_service=is_service)


def _finish(
    result: FileResult,
    hits: list[tuple[Check, Hit]],
    lines: list[str],
    comments: list[Suppression],
    settings: Settings,
    *,
    is_service: bool = True,
) -> None:
    """Turn hits into findings, without the suppressed ones."""
    hits = hits + list(_about_comments(comments, settings))
    for comment in comments:
        result.suppressions[comment.target] = (*result.suppressions.get(comment.target, ()), *comment.checks)
    keys = Keys(result.path)
    seen: set[tuple[str, int, int]] = set()
    for check, hit in sorted(hits, key=lambda item: (item[1].line, item[1].column, item[0].name)):
        # A handler that logs twice has one fault; its place is where it logs first.
        place = (check.name, hit.handler, 0) if hit.handler else (check.name, hit.line, hit.column)
        if place in seen:
            continue
        seen.add(place)
        if check.name in result.suppressions.get(hit.line, ()):
            result.suppressed += 1
            continue
        snippet = lines[hit.line - 1].strip() if hit.line <= len(lines) else ""
        made = finding(
            check, hit, path=result.path, language=result.language, snippet=snippet, keys=keys, settings=settings
        )
        if check.is_for_services and not is_service:
            made = replace(made, confidence=Confidence.LOW)
        result.findings.append(replace(made, context=context(lines, hit.line)))


def finding(
    check: Check, hit: Hit, *, path: str, language: str, snippet: str, keys: Keys, settings: Settings
) -> Finding:
    """Make a finding of a check's hit."""
    is_shown_only = is_example(path) and (check.is_for_services or check.severity is not Severity.CRITICAL)
    return Finding(
        check=check.name,
        path=path,
        line=hit.line,
        column=hit.column,
        end_line=hit.end_line,
        language=language,
        severity=settings.severities.get(check.name, check.severity),
        confidence=Confidence.LOW if is_shown_only else hit.confidence or check.confidence,
        message=hit.message,
        snippet=snippet[:200],
        key=keys.key(check.name, snippet),
    )


def _about_comments(comments: list[Suppression], settings: Settings) -> Iterable[tuple[Check, Hit]]:
    for comment in comments:
        if not comment.checks or not comment.reason:
            missing = "names no check" if not comment.checks else "gives no reason"
            if settings.is_enabled(WITHOUT_REASON.name):
                yield WITHOUT_REASON, Hit(comment.line, 1, comment.line, f"The suppression {missing}.")
        for name in comment.checks:
            if name not in _NAMES and settings.is_enabled(UNKNOWN_CHECK.name):
                yield UNKNOWN_CHECK, Hit(comment.line, 1, comment.line, f"There is no check {name!r} to suppress.")

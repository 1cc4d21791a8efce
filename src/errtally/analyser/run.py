"""Analyse a whole tree, over processes where it is large, and put the report together."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING

from errtally.analyser.check import ProjectRule
from errtally.analyser.checks.registry import CHECKS
from errtally.analyser.keys import Keys
from errtally.analyser.manifests.read import read_manifests
from errtally.analyser.model import Facts, FileResult, Finding, Problem, Report
from errtally.analyser.one_file import GENERATED, TEST, analyse_file, finding
from errtally.analyser.sources.discovery import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from errtally.analyser.settings import Settings

PARALLEL_FROM_FILES = 100
"""Below this, starting processes costs more than they save."""

_CHUNK_FILES = 20


def default_jobs() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def analyse(
    root: Path, settings: Settings, *, jobs: int = 1, progress: Callable[[int, int], None] | None = None
) -> Report:
    """Analyse a tree.

    Args:
        root: a folder, or one file.
        settings: how to analyse.
        jobs: processes to use at most.
        progress: is called with the files done and all files.

    Raises:
        TreeError: there is nothing at ``root``.
    """
    tree = discover(root, settings)
    results: list[FileResult] = []
    for chunk in _results(tree.root, tree.files, settings, jobs):
        results += chunk
        if progress is not None:
            progress(len(results), len(tree.files))
    results.sort(key=lambda result: result.path)
    dependencies, manifest_problems = read_manifests(tree.root, tree.manifests)
    report = _report(results, settings)
    report.dependencies = dependencies
    report.problems = sorted(
        [*tree.problems, *manifest_problems, *report.problems], key=lambda problem: (problem.path, problem.line)
    )
    report.skipped_tests += tree.skipped_tests
    return report


def _chunk(root: Path, paths: list[str], settings: Settings) -> list[FileResult]:
    return [analyse_file(root, path, settings) for path in paths]


def _results(root: Path, paths: list[str], settings: Settings, jobs: int) -> Iterator[list[FileResult]]:
    chunks = [paths[start : start + _CHUNK_FILES] for start in range(0, len(paths), _CHUNK_FILES)]
    if jobs == 1 or len(paths) < PARALLEL_FROM_FILES:
        for chunk in chunks:
            yield _chunk(root, chunk, settings)
        return
    # Started afresh instead of forked: the progress display runs a thread, and forking a process with threads can hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        futures = [pool.submit(_chunk, root, chunk, settings) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()


def _report(results: list[FileResult], settings: Settings) -> Report:
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    facts: dict[str, Facts] = {}
    findings: list[Finding] = []
    problems: list[Problem] = []
    generated = tests = 0
    for result in results:
        if any(problem.kind == GENERATED for problem in result.problems):
            generated += 1
            continue
        if any(problem.kind == TEST for problem in result.problems):
            tests += 1
            continue
        files[result.language] += 1
        lines[result.language] += result.lines
        facts.setdefault(result.language, Facts()).merge(result.facts)
        findings += result.findings
        problems += result.problems
    suppressed = {(result.path, line): checks for result in results for line, checks in result.suppressions.items()}
    of_tree = list(_project_findings(facts, settings))
    kept = [item for item in of_tree if item.check not in suppressed.get((item.path, item.line), ())]
    findings += kept
    shown = [item for item in findings if item.confidence.rank <= settings.min_confidence.rank]
    return Report(
        findings=sorted(shown, key=lambda item: item.order),
        problems=problems,
        files=dict(sorted(files.items())),
        lines=dict(sorted(lines.items())),
        facts=dict(sorted(facts.items())),
        dependencies=[],
        suppressed=sum(result.suppressed for result in results) + len(of_tree) - len(kept),
        hidden=len(findings) - len(shown),
        skipped_generated=generated,
        skipped_tests=tests,
    )


def _project_findings(facts: dict[str, Facts], settings: Settings) -> Iterator[Finding]:
    for check in CHECKS:
        for rule in check.rules:
            if isinstance(rule, ProjectRule) and settings.is_enabled(check.name):
                for hit in rule.find(facts):
                    # The message takes the place of the line's text, which a check of the whole tree does not have.
                    keys = Keys(hit.path)
                    yield finding(
                        check, hit, path=hit.path, language="", snippet=hit.message, keys=keys, settings=settings
                    )

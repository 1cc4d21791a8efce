"""Every check has a page whose bad examples it finds and whose good examples it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.analyser.checking import SUFFIXES

from errtally.analyser.checks.registry import BY_NAME, CHECKS
from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def _examples(name: str) -> list[tuple[str, str, str]]:
    """Section, language and source of every example of a page."""
    found, section = [], ""
    tokens = MarkdownIt().parse((DOCS / "analyser" / f"{name}.md").read_text())
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "inline" and before.type == "heading_open" and before.tag == "h2":
            section = token.content
        elif token.type == "fence":
            found.append((section, token.info, token.content))
    return found


_ALL = [
    pytest.param(check.name, language, source, section, id=f"{check.name} {language} {section}")
    for check in CHECKS
    for section, language, source in _examples(check.name)
]


@pytest.mark.parametrize(("name", "language", "source", "section"), _ALL)
def test_a_bad_example_is_found_and_a_good_one_is_not(
    name: str, language: str, source: str, section: str, tmp_path: Path
) -> None:
    (tmp_path / f"shop.{SUFFIXES[language]}").write_text(source)
    report = analyse(tmp_path, Settings(enable=(name,)))
    assert not report.problems
    assert [finding.check for finding in report.findings] == ([name] if section == "Bad" else [])


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_page_says_what_its_check_says(check) -> None:
    page = (DOCS / "analyser" / f"{check.name}.md").read_text()
    assert page.startswith(f"# {check.name}\n")
    assert f"{check.severity}, confidence {check.confidence}" in page
    assert check.why in page
    assert check.instead in page
    assert "\n## Beside other tools\n\n| rule | what it finds | where this check differs, and why |\n" in page


def test_every_check_has_a_page_and_every_page_a_check() -> None:
    pages = {
        path.relative_to(DOCS / "analyser").with_suffix("").as_posix() for path in (DOCS / "analyser").rglob("*.md")
    }
    assert pages == set(BY_NAME)


def test_the_overview_links_to_every_page() -> None:
    overview = (DOCS / "analyser.md").read_text()
    assert all(f"(analyser/{name}.md)" in overview for name in BY_NAME)


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(CHECKS)

"""Suppression comments in every language, good and bad."""

from __future__ import annotations

import pytest

from errtally.analyser.one_file import analyse_source
from errtally.analyser.run import analyse
from errtally.analyser.settings import Settings

MARK = "errtally: ignore[handlers/swallowed]"
PYTHON = "try:\n    f()\nexcept Exception:{}\n    pass\n"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        pytest.param("a.py", f"try:\n    f()\nexcept Exception:  # {MARK} f is optional\n    pass\n", id="on the line"),
        pytest.param("a.js", f"try {{ f(); }} catch (e) {{}} // {MARK} f is optional\n", id="in JavaScript"),
        pytest.param("a.js", f"// {MARK} f is optional\ntry {{ f(); }} catch (e) {{}}\n", id="alone above"),
        pytest.param(
            "a.js", f"// {MARK} f is optional\n// and slow\ntry {{ f(); }} catch (e) {{}}\n", id="comments in between"
        ),
        pytest.param("a.js", f"/* {MARK} f is optional */\ntry {{ f(); }} catch (e) {{}}\n", id="a block comment"),
        pytest.param(
            "a.js",
            "try { f(); } catch (e) {} // errtally: ignore[flow/return-in-finally, handlers/swallowed] optional\n",
            id="several names",
        ),
        pytest.param(
            "a.go",
            f"package a\nfunc f() {{\n\terr := g()\n\t// {MARK} best effort\n\tif err != nil {{\n\t}}\n}}\n",
            id="in Go",
        ),
    ],
)
def test_a_comment_with_check_and_reason_suppresses(path: str, source: str) -> None:
    result = analyse_source(path, source.encode(), Settings())
    assert result.findings == []


def test_what_was_suppressed_is_counted() -> None:
    source = f"try {{ f(); }} catch (e) {{}} // {MARK} f is optional\n"
    assert analyse_source("a.js", source.encode(), Settings()).suppressed == 1


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        pytest.param("errtally: ignore[handlers/swallowed]", ["suppressions/without-reason"], id="no reason"),
        pytest.param(
            "errtally: ignore[handlers/swallowed] -", ["suppressions/without-reason"], id="a dash is no reason"
        ),
        pytest.param(
            "errtally: ignore it", ["handlers/swallowed", "suppressions/without-reason"], id="no check is named"
        ),
        pytest.param(
            "errtally: ignore[handlers/swallow] optional",
            ["handlers/swallowed", "suppressions/unknown-check"],
            id="an unknown check",
        ),
        pytest.param("errtally: ignore[network/no-timeout] no", ["handlers/swallowed"], id="another check"),
        pytest.param("we ask errtally: ignore[handlers/swallowed] no", ["handlers/swallowed"], id="within a sentence"),
    ],
)
def test_a_comment_that_is_not_right(comment: str, expected: list[str]) -> None:
    source = f"try {{ f(); }} catch (e) {{}} // {comment}\n"
    assert sorted(finding.check for finding in analyse_source("a.js", source.encode(), Settings()).findings) == expected


def test_a_string_that_looks_like_a_comment_is_none() -> None:
    source = f"try {{ f(); }} catch (e) {{}} g('// {MARK} no');\n"
    assert [finding.line for finding in analyse_source("a.js", source.encode(), Settings()).findings] == [1]


def test_a_finding_of_the_whole_tree_can_be_suppressed_where_it_stands(tmp_path) -> None:
    (tmp_path / "a.py").write_text(
        "import sentry_sdk  # errtally: ignore[monitoring/tracker-not-initialised] the host program does it\n"
    )
    report = analyse(tmp_path, Settings())
    assert (report.findings, report.suppressed) == ([], 1)

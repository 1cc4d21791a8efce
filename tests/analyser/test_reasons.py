"""Which comments explain why an error is dropped."""

from __future__ import annotations

import pytest
from tests.analyser.checking import findings

from errtally.analyser.syntax.reasons import is_reason, is_reason_above

_REASONS = [
    "the cache is only there to be faster",
    "ignored: the file may be gone",
    "Not every platform has it.",
    "best effort",
    "noqa: BLE001 (a plug-in may fail as it likes)",
    "We tried (and failed) to close it; nothing is left to do.",
]
_NO_REASONS = [
    "TODO",
    "TODO: handle this",
    "FIXME log it",
    "XXX",
    "TODO Auto-generated catch block",
    "Auto-generated catch block",
    "handle error here",
    "noqa",
    "noqa: E722",
    "pylint: disable=broad-except",
    "eslint-disable-next-line no-empty",
    "NOSONAR",
    "print(e)",
    "console.log(e);",
    "raise",
    "throw new RuntimeException(e);",
    "e.printStackTrace();",
    "x = None",
    "logger.error('no %s', name)",
    "if (debug) {",
    "}",
    "-----",
    "#!/usr/bin/env python",
    "",
]


_JAVA = "class A {{ void f() {{ try {{ g(); }} catch (Exception e) {{\n{}\n}} }} }}\n"


@pytest.mark.parametrize("comment", _REASONS)
def test_a_comment_that_says_why(comment: str) -> None:
    assert is_reason(comment)
    assert is_reason(f"/* {comment} */")


@pytest.mark.parametrize("comment", _NO_REASONS)
def test_a_comment_that_does_not(comment: str) -> None:
    assert not is_reason(comment)
    assert not is_reason(f"// {comment}")
    assert not is_reason(f"/* {comment} */")


@pytest.mark.parametrize("comment", ["Load the settings.", "The second part", "TODO: ignore it better"])
def test_a_remark_about_what_the_code_does(comment: str) -> None:
    assert not is_reason_above(comment)


@pytest.mark.parametrize(
    ("language", "source", "confidence"),
    [
        ("python", "try:\n    f()\nexcept Exception:\n    pass  # TODO\n", "high"),
        ("python", "try:\n    f()\nexcept Exception:\n    # logger.error('no')\n    pass\n", "high"),
        ("python", "try:\n    f()\nexcept Exception:  # the cache is optional\n    pass\n", "low"),
        ("python", "# Load the settings.\ntry:\n    f()\nexcept Exception:\n    pass\n", "high"),
        ("python", "# It may fail, which does not matter.\ntry:\n    f()\nexcept Exception:\n    pass\n", "low"),
        ("java", _JAVA.format("// TODO Auto-generated catch block"), "high"),
        ("java", _JAVA.format("// e.printStackTrace();"), "high"),
        ("java", _JAVA.format("// the peer is gone"), "low"),
        ("javascript", "try { f(); } catch (e) { /* FIXME */ }\n", "medium"),
        ("javascript", "try { f(); } catch (e) { // console.log(e)\n}\n", "medium"),
        ("javascript", "try { f(); } catch (e) { /* older browsers */ }\n", "low"),
        ("javascript", "// Load the settings.\ntry { f(); } catch (e) {}\n", "medium"),
        ("javascript", "f().catch(() => { /* TODO */ });\n", "medium"),
        ("go", "package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\t// TODO: handle\n\t}\n}\n", "high"),
        ("go", "package a\nfunc f() {\n\tif err := g(); err != nil {\n\t\t// the peer is gone\n\t}\n}\n", "low"),
    ],
)  # fmt: skip
def test_a_dropped_error_is_explained_only_by_a_reason(language: str, source: str, confidence: str) -> None:
    assert [found for _, found in findings("handlers/swallowed", language, source)] == [confidence]

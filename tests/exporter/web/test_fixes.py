"""What commits say they fix."""

from __future__ import annotations

import pytest

from errtally.exporter.web.fixes import fixed


@pytest.mark.parametrize(
    ("message", "issues"),
    [
        ("Fixes SHOP-1A", [("shop", 42)]),
        ("Mend the price\n\nfixes shop-1a.", [("shop", 42)]),
        ("fix: SHOP-1, SHOP-2 and my-app-3", [("shop", 1), ("shop", 2), ("my-app", 3)]),
        ("Resolves SHOP-1 & closes SHOP-2", [("shop", 1), ("shop", 2)]),
        ("Fixed SHOP-1, fixes SHOP-1", [("shop", 1)]),
        ("See SHOP-1", []),
        ("Prefixes SHOP-1", []),
        ("Fixes #12", []),
        ("", []),
    ],
    ids=["Sentry's form", "in the body", "several", "other words", "twice", "named only", "a part of a word",
         "a number of another tracker", "nothing"],
)  # fmt: skip
def test_a_message_names_what_it_fixes(message: str, issues: list[tuple[str, int]]) -> None:
    assert fixed(message) == issues

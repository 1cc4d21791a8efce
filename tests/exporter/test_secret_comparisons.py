"""No secret is compared by a comparison that ends at the first difference: by the source, and by what is called."""

from __future__ import annotations

import ast
import hmac
import re
from pathlib import Path

import pytest

from errtally.exporter.config import ExporterConfig, Project
from errtally.exporter.ingest import keys
from errtally.exporter.web import access

ROOT = Path(__file__).parents[2]
# The digest sees no secret; a version has a key of another kind.
WITHOUT_SECRETS = {"bench", "demo", "digest"}
SOURCES = sorted(path for path in (ROOT / "exporter").rglob("*.py") if not WITHOUT_SECRETS & set(path.parts))
SECRET = re.compile(r"(?:^|_)(?:password|token|secret|key|credential|signature|hmac)s?$")


def names_of(node: ast.expr) -> list[str]:
    """The last name of a variable or an attribute."""
    return [part for part in (getattr(node, "attr", None), getattr(node, "id", None)) if part]


def comparisons(source: str) -> list[str]:
    """Comparisons by ``==`` and ``!=`` of what is called a secret, with no constant on either side."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        sides = [node.left, *node.comparators]
        names = [name for side in sides for name in names_of(side)]
        is_constant = any(isinstance(side, ast.Constant | ast.Tuple | ast.Set) for side in sides)
        if not is_constant and not any(map(str.isupper, names)) and any(map(SECRET.search, names)):
            found.append(ast.unparse(node))
    return found


def test_such_a_comparison_is_found():
    assert comparisons("if sent.web_token == self._config.web_token: pass") != []
    assert comparisons("if key == 'k' or path == other: pass") == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_called_a_secret_is_compared_up_to_its_first_difference(path):
    assert comparisons(path.read_text(encoding="utf-8")) == []


@pytest.fixture
def compared(monkeypatch):
    """How often two secrets were compared."""
    calls = []
    for module in (keys, access):
        monkeypatch.setattr(
            module, "compare_digest", lambda one, other: calls.append((one, other)) or hmac.compare_digest(one, other)
        )
    return calls


@pytest.mark.parametrize("sent", ["1" * 32, "2" * 32, "3" * 32, "3" * 31 + "4", "x"])
def test_every_key_is_looked_at_whichever_is_right(compared, sent):
    config = ExporterConfig(
        projects=tuple(Project(f"p{number}", str(number), frozenset({str(number) * 32})) for number in (1, 2, 3))
    )
    keys.Keys(config)._owner(sent)
    assert len(compared) == 3


@pytest.mark.parametrize(("name", "password"), [("admin", "right"), ("wrong", "right"), ("admin", "wrong"), ("", "")])
def test_name_and_password_are_both_compared_whichever_is_wrong(compared, name, password):
    config = ExporterConfig(web_username="admin", web_password="right")
    found = access.Access(config, b"k" * 32).is_password(name, password)
    assert found is ((name, password) == ("admin", "right"))
    assert len(compared) == 2

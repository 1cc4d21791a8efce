"""No rule that is there is left out by a list that somebody forgot."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from errtally.rules import alerts
from errtally.rules.alerts import ALERTS
from errtally.rules.model import AlertRule

MODULES = [name for _, name, _ in pkgutil.iter_modules(alerts.__path__)]


@pytest.mark.parametrize("module", MODULES)
def test_every_rule_of_a_file_is_generated(module):
    found = importlib.import_module(f"{alerts.__name__}.{module}")
    mine = [value for value in vars(found).values() if isinstance(value, AlertRule)]
    assert mine, "a file without a rule"
    assert [rule.name for rule in mine if rule not in ALERTS] == []

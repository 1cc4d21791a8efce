"""Nothing that is there is left out by a list that somebody forgot."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from errtally.exporter import protocols
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.protocols.registry import ENDPOINTS

MODULES = [
    name
    for _, name, is_package in pkgutil.walk_packages(protocols.__path__, f"{protocols.__name__}.")
    if not is_package and not name.endswith(".registry")
]


@pytest.mark.parametrize("module", MODULES)
def test_every_endpoint_of_a_module_is_served(module):
    found = importlib.import_module(module)
    mine = [one for value in vars(found).values() for one in (value if isinstance(value, tuple) else (value,))]
    assert [one for one in mine if isinstance(one, Endpoint) and one not in ENDPOINTS] == []

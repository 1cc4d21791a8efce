"""Nothing that is there is left out by a list that somebody forgot."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

from errtally.exporter import protocols
from errtally.exporter.ingest.endpoint import Endpoint
from errtally.exporter.protocols.registry import ENDPOINTS

DOCS = Path(__file__).parents[3] / "docs"
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


DECODING = sorted({name for name in MODULES if "ENDPOINTS" in vars(importlib.import_module(name))})


def test_all_endpoints_stand_in_these_modules():
    listed = [endpoint for name in DECODING for endpoint in importlib.import_module(name).ENDPOINTS]
    assert all(endpoint in listed for endpoint in ENDPOINTS)


@pytest.mark.parametrize("module", DECODING)
def test_a_protocol_says_where_its_specification_is(module):
    docstring = importlib.import_module(module).__doc__
    found = re.search(r"^Specification: (.+?)$", docstring, re.MULTILINE)
    assert found is not None
    addresses = re.split(r",\s+|\s+and\s+", found[1])
    assert all(one.startswith("https://") or (DOCS / one.removeprefix("docs/")).is_file() for one in addresses if one)

"""Logging put back as it was after each test."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
import structlog

from errtally.client import scope
from errtally.logs import configuring

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with scope.request_scope():
        yield
    configuring._remove()
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.getLogger("audit").setLevel(logging.NOTSET)
    structlog.reset_defaults()

"""A receiver, and a process put back as it was: hooks, log handlers, scope, tracker."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.client.receiver import Receiver, receiving

import errtally
from errtally.client import scope

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    hooks = sys.excepthook, threading.excepthook, list(logging.getLogger().handlers)
    with scope.request_scope():
        yield
    errtally.close()
    sys.excepthook, threading.excepthook, logging.getLogger().handlers[:] = hooks

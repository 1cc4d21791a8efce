"""A receiver, and a process put back as it was: hooks, log handlers, scope, tracker."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.client.receiver import Receiver, receiving

import errtally
from errtally.client import scope
from errtally.client.integrations import log_records

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def tracked(receiver: Receiver) -> Receiver:
    errtally.init(receiver.url, hooks=False)
    return receiver


@pytest.fixture(autouse=True)
def _process_as_it_was() -> Iterator[None]:
    hooks = sys.excepthook, threading.excepthook
    with scope.request_scope():
        yield
    errtally.close()
    sys.excepthook, threading.excepthook = hooks
    log_records.install(0, 0)

"""What tests of the digest share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.exporter.life import Life

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=[False, True], ids=["lives on", "dies after each fold"])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path, dies=request.param)
    yield made
    made.close()

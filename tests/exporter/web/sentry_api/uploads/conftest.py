"""An exporter that takes uploads."""

from __future__ import annotations

import pytest
from tests.exporter.inprocess import InProcess
from tests.exporter.web.sentry_api.uploads.uploading import (
    MAIN,
    SETTINGS,
)

from errtally.exporter.config import ExporterConfig, Project


@pytest.fixture
def exporter(tmp_path):
    projects = (Project("shop", "1", frozenset({"k" * 32})), Project("back office", "2", frozenset({"b" * 32})))
    config = ExporterConfig(data_dir=tmp_path, web_token=MAIN, projects=projects, artifacts=SETTINGS)
    made = InProcess(tmp_path, config)
    yield made
    made.close()

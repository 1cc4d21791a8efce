"""What docker-compose.yml gives Grafana to start with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from tests.flow import grafana

from errtally.config.alerting import alerting
from errtally.dashboards.build import build

PROVISIONING = Path(__file__).parents[2] / "deploy/grafana/provisioning"


def _source() -> dict[str, Any]:
    source, _ = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())["datasources"]
    return source


def test_dashboards_stand_in_a_folder_of_their_own_and_are_not_changed_in_grafana() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/errtally.yml").read_text())["providers"]
    assert provider["folder"] == "errtally"
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)


def test_the_data_source_knows_how_often_prometheus_scrapes() -> None:
    scraped = yaml.safe_load((PROVISIONING.parents[1] / "prometheus.yml").read_text())
    assert _source()["jsonData"]["timeInterval"] == scraped["global"]["scrape_interval"], "$__rate_interval needs it"


def test_an_exemplar_of_an_event_leads_to_that_event_by_its_id_alone() -> None:
    (destination,) = _source()["jsonData"]["exemplarTraceIdDestinations"]
    assert destination["name"] == "event_id"
    # Grafana takes $$ in a provisioning file for $; what it does with the rest is put in the exemplar's labels.
    url = destination["url"].replace("$$", "$")
    assert url.replace("${__value.raw}", "E") == f"{alerting({}).external_url}/events/E"


def test_grafana_shows_the_rules_of_prometheus_and_the_alerts_and_silences_of_alertmanager() -> None:
    sources = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text())["datasources"]
    prometheus, alertmanager = sources
    assert prometheus["jsonData"]["manageAlerts"] is True
    assert prometheus["jsonData"]["alertmanagerUid"] == alertmanager["uid"]
    assert (alertmanager["type"], alertmanager["jsonData"]["implementation"]) == ("alertmanager", "prometheus")


def test_a_dashboard_that_is_imported_by_hand_asks_for_its_data_source() -> None:
    for text in build({}).values():
        dashboard = json.loads(text)
        assert dashboard["templating"]["list"][0]["type"] == "datasource"
        uids = {panel["datasource"]["uid"] for panel in grafana.panels(dashboard)}
        uids |= {mark["datasource"]["uid"] for mark in dashboard["annotations"]["list"]}
        assert uids == {"${datasource}"}
        assert "__inputs" not in dashboard

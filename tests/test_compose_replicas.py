"""docker-compose.ha.yml, checked without a Docker engine; a flow test of replicas behind nginx starts its programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ONE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.ha.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
EXTENDED = {name: service["extends"] for name, service in SERVICES.items() if "extends" in service}
OWN = {name: service for name, service in SERVICES.items() if name not in EXTENDED}
REPLICAS = {name: service for name, service in OWN.items() if name.startswith("replica-")}
BALANCER = SERVICES["exporter"]
NGINX = (ROOT / "deploy/proxy/replicas.conf").read_text()


def test_it_is_the_chain_of_one_exporter_with_others_in_its_place() -> None:
    assert set(EXTENDED) == set(ONE["services"]) - {"exporter"}
    assert all(found == {"file": "docker-compose.yml", "service": name} for name, found in EXTENDED.items())
    assert set(OWN) == {"postgres", "exporter", *REPLICAS}
    assert len(REPLICAS) == 3
    assert COMPOSE["name"] != ONE["name"], "volumes of the two are apart"


def test_who_asked_the_exporter_asks_nginx_which_asks_every_replica() -> None:
    assert BALANCER["ports"] == ONE["services"]["exporter"]["ports"]
    assert set(re.findall(r"^\s+server ([\w-]+):9765;", NGINX, re.MULTILINE)) == set(REPLICAS)
    assert "listen 9765;" in NGINX
    assert set(BALANCER["depends_on"]) == set(REPLICAS)


def test_replicas_share_configuration_and_database_and_no_volume() -> None:
    one, *others = REPLICAS.values()
    server = SERVICES["postgres"]["environment"]
    address = "postgresql://{POSTGRES_USER}:{POSTGRES_PASSWORD}@postgres/{POSTGRES_DB}".format(**server)
    assert one["environment"] == {"ERRTALLY_DATABASE": address}
    volumes = [service["volumes"][-1] for service in REPLICAS.values()]
    assert len({volume.split(":")[0] for volume in volumes}) == 3
    for other in others:
        assert other["volumes"][:-1] == one["volumes"][:-1]
        assert {**other, "volumes": 0} == {**one, "volumes": 0}
    same = ("image", "command", "read_only", "tmpfs", "cap_drop", "security_opt")
    exporter = ONE["services"]["exporter"]
    assert {key: one[key] for key in same} == {key: exporter[key] for key in same}
    assert one["volumes"][:-1] == exporter["volumes"][:-1]


@pytest.mark.parametrize("name", OWN)
def test_a_service_of_its_own_is_pinned_healthy_and_closed(name: str) -> None:
    service = OWN[name]
    assert re.fullmatch(r"[\w./-]+:v?\d+(\.\d+)+", service["image"])
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for waited, condition in service.get("depends_on", {}).items():
        assert waited in SERVICES
        assert condition == {"condition": "service_healthy"}
    for source, _, *mode in (mount.split(":") for mount in service["volumes"]):
        if source.startswith("."):
            assert (ROOT / source).is_file()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_of_the_extended_services_is_declared() -> None:
    named = {
        mount.split(":")[0]
        for name in EXTENDED
        for mount in ONE["services"][name].get("volumes", [])
        if not mount.startswith(".")
    }
    assert named <= set(COMPOSE["volumes"])

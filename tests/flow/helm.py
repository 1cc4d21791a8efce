"""Helm, sets of values, and what it renders of the chart with them."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.newest_programs import CACHE, newest

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/errtally"
NAMESPACE = "errors"

OWN = """
external_url: https://errors.example.com/errtally
projects:
  - {name: shop, id: "42", key_file: /run/secrets/errtally/shop-keys}
  - {name: till, key_file: /run/secrets/errtally/till-keys}
web: {password_file: /run/secrets/errtally/web-password, allowed_hosts: [elsewhere]}
grafana: {url: https://grafana.example.com}
retention: {store_bytes: 2147483648}
"""
"""A configuration with what a chart may spoil: a large number, an id of digits."""

CHANNELS = """
alerting:
  channels:
    slack: {api_url_file: /run/secrets/slack, channel: '#alerts'}
    pagerduty: {routing_key_file: /run/secrets/pagerduty}
    email: {to: [a@example.com], from: b@example.com, smarthost: 'mail.example.com:587',
            auth_username: b, auth_password_file: /run/secrets/mail}
"""

EVERYTHING: dict[str, Any] = {
    "commonLabels": {"team": "platform"},
    "image": {"repository": "registry.example.com/errtally", "digest": f"sha256:{'0a' * 32}"},
    "imagePullSecrets": [{"name": "registry"}],
    "config": yaml.safe_load(OWN),
    "existingSecret": "errtally-secrets",
    "extraEnv": [{"name": "TZ", "value": "Europe/Berlin"}],
    "extraVolumes": [{"name": "more", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
    "persistence": {"storageClass": "fast", "annotations": {"a": "b"}},
    "service": {"port": 80, "annotations": {"a": "b"}},
    "serviceAccount": {"annotations": {"a": "b"}},
    "podAnnotations": {"a": "b"},
    "podLabels": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "high",
    "podDisruptionBudget": {"enabled": True},
    "networkPolicy": {
        "enabled": True,
        "from": [{"namespaceSelector": {}}],
        "restrictEgress": True,
        "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}],
    },
    "ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}},
    "httpRoute": {"enabled": True, "parentRefs": [{"name": "gateway"}], "annotations": {"a": "b"}},
    "metrics": {"tokenKey": "metrics-token"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "monitoring"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "monitoring"}},
    "dashboards": {"enabled": True},
}
SHARED: dict[str, Any] = {"database": {"existingSecret": "postgres-app"}, "scrapeConfig": {"enabled": True}}
SETS: dict[str, dict[str, Any]] = {
    "every default": {},
    "everything": EVERYTHING,
    "a file as it is": {"configFile": OWN, "existingSecret": "errtally-secrets"},
    "a claim of one's own": {"persistence": {"existingClaim": "old"}, "serviceAccount": {"create": False}},
    "no volume": {"persistence": {"enabled": False}, "fullnameOverride": "errors"},
    "three replicas": SHARED | {"replicas": 3, "metrics": {"tokenKey": "token"}, "existingSecret": "errtally-secrets"},
    "as many as are busy": SHARED | {"autoscaling": {"enabled": True}, "podDisruptionBudget": {"enabled": True}},
}


class Loader(yaml.CSafeLoader):
    """Reads YAML as Go does, to which a plain ``=`` is text."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda _, node: node.value)


def helm() -> Path:
    """Return Helm's path, or end the test: failed in CI where it could have been built, skipped elsewhere."""
    if found := shutil.which("helm") or shutil.which("helm", path=CACHE / "bin"):
        return Path(found)
    if os.environ.get("CI") and shutil.which("go"):
        pytest.fail("helm is not installed: python -m tests.newest_programs helm", pytrace=False)
    return newest("helm")


def run_helm(
    command: str, *arguments: str | Path, values: dict[str, Any], chart: Path = CHART, release: str = "errtally"
) -> tuple[int, str, str]:
    """Run a command of Helm's about the chart; return its exit status, output and complaints."""
    asked = [helm(), command, *([release] if command == "template" else []), chart]
    done = subprocess.run(
        [*asked, "--kube-version", "1.33", "--namespace", NAMESPACE, "--values", "-", *arguments],
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        check=False,
    )
    # The chart's files are links, which Helm follows and tells of.
    said = [line for line in done.stderr.splitlines() if "found symbolic link" not in line]
    return done.returncode, done.stdout, "\n".join(said)


def render(
    *arguments: str | Path, values: dict[str, Any], chart: Path = CHART, release: str = "errtally"
) -> list[dict[str, Any]]:
    """Return the objects that the chart makes of values."""
    status, output, said = run_helm("template", *arguments, values=values, chart=chart, release=release)
    assert (status, said) == (0, ""), said
    return [found for found in yaml.load_all(output, Loader) if found]


def only(objects: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the one object of a kind."""
    (found,) = [one for one in objects if one["kind"] == kind]
    return found


@cache
def objects_of(name: str) -> list[dict[str, Any]]:
    """Return the objects that the chart makes of one of ``SETS``."""
    return render(values=SETS[name])

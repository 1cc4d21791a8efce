"""docker-compose.yml, checked without a Docker engine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner, Result
from tests.peers import peer

from errtally import config
from errtally.command_line import errtally
from errtally.config.alerting import alerting
from errtally.rules.build import build

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
SERVICE = pytest.mark.parametrize("service", [pytest.param(SERVICES[name], id=name) for name in SERVICES])


def _mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    return [(source, target) for source, target, *_ in (mount.split(":") for mount in service["volumes"])]


def _mounted(name: str, target: str) -> Path:
    (source,) = [source for source, at in _mounts(SERVICES[name]) if at == target]
    return ROOT / source


@SERVICE
def test_every_mounted_file_exists_and_every_volume_is_declared(service: dict[str, Any]) -> None:
    for source, _ in _mounts(service):
        if source.startswith("."):
            assert (ROOT / source).exists(), source
        else:
            assert source in COMPOSE["volumes"]


@SERVICE
def test_configuration_is_mounted_read_only(service: dict[str, Any]) -> None:
    assert all(mount.endswith(":ro") for mount in service["volumes"] if mount.startswith("."))


@SERVICE
def test_images_are_pinned_to_a_version(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", service["image"])


@SERVICE
def test_every_service_has_a_healthcheck(service: dict[str, Any]) -> None:
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(service["healthcheck"])


@SERVICE
def test_ports_are_published_on_loopback_only(service: dict[str, Any]) -> None:
    assert service["ports"]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service["ports"])


@SERVICE
def test_a_service_waits_for_healthy_services_that_exist(service: dict[str, Any]) -> None:
    for name, condition in service.get("depends_on", {}).items():
        assert name in SERVICES
        assert condition == {"condition": "service_healthy"}


def test_grafana_gets_the_committed_dashboards_where_its_provider_looks() -> None:
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/errtally.yml").read_text())
    path = provider["providers"][0]["options"]["path"]
    assert _mounted("grafana", path) == ROOT / "dashboards/generated"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (_mounted("grafana", path) / Path(home).name).is_file()


def test_grafana_reaches_prometheus_under_the_name_that_dashboards_choose() -> None:
    source, *_ = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    assert source["name"] == alerting({}).grafana.datasource


def test_prometheus_finds_every_peer() -> None:
    found = yaml.safe_load(_mounted("prometheus", "/etc/prometheus/prometheus.yml").read_text())
    targets = [
        target
        for job in [*found["scrape_configs"], *found["alerting"]["alertmanagers"]]
        for static in job["static_configs"]
        for target in static["targets"]
    ]
    assert {target.split(":")[0] for target in targets} <= {*SERVICES, "localhost"}
    assert "errtally" in [job["job_name"] for job in found["scrape_configs"]]


def _rules(texts: Iterable[str]) -> set[str]:
    groups = [group for text in texts for group in yaml.safe_load(text)["groups"]]
    return {rule.get("alert") or rule["record"] for group in groups for rule in group["rules"]}


def test_every_generated_rule_is_loaded() -> None:
    configuration = yaml.safe_load(_mounted("prometheus", "/etc/prometheus/prometheus.yml").read_text())
    loaded = [
        path.read_text()
        for pattern in configuration["rule_files"]
        for source, target in _mounts(SERVICES["prometheus"])
        if source.startswith(".") and pattern.startswith(f"{target}/")
        for path in (ROOT / source).glob(pattern.removeprefix(f"{target}/"))
    ]
    generated = build(config.load(None))
    wanted = _rules(text for name, text in generated.items() if name.endswith(".rules.yml"))
    assert len(wanted) > 50
    assert _rules(loaded) == wanted


def test_promtool_accepts_prometheus_configuration(tmp_path: Path) -> None:
    text = _mounted("prometheus", "/etc/prometheus/prometheus.yml").read_text()
    here = text.replace("/etc/prometheus/rules", str(ROOT / "rules/generated"))
    (tmp_path / "prometheus.yml").write_text(here)
    done = subprocess.run(
        [peer("promtool"), "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 rule files found" in done.stdout


def test_amtool_accepts_alertmanagers_configuration() -> None:
    path = _mounted("alertmanager", "/etc/alertmanager/alertmanager.yml")
    done = subprocess.run([peer("amtool"), "check-config", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


SECRETS_MOUNT = f"--mount={_mounted('alertmanager', '/etc/alertmanager/secrets')}:/etc/alertmanager/secrets"


def _check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(errtally, ["config", "check", *map(str, arguments)])


def test_the_exporters_configuration_is_good_on_this_machine_and_in_the_container() -> None:
    path = _mounted("exporter", "/etc/errtally/errtally.yml")
    done = _check(path, SECRETS_MOUNT)
    assert (done.exit_code, done.output.count("\n")) == (0, 1), done.output
    document = config.load(path)
    # The container finds it by the same words: beside the file.
    assert _mounted("exporter", f"/etc/errtally/{document['web']['password_file']}") == ROOT / "deploy/web-password"
    webhook = alerting(document).channels.exporter
    assert webhook is not None
    assert webhook.url.startswith("http://exporter:9765/")


CHANNELS = {
    "slack": ("api_url_file", {"channel": "#alerts"}),
    "mattermost": ("webhook_url_file", {}),
    "discord": ("webhook_url_file", {}),
    "teams": ("webhook_url_file", {}),
    "telegram": ("bot_token_file", {"chat_id": -100}),
    "google_chat": ("webhook_url_file", {}),
    "pagerduty": ("routing_key_file", {}),
    "email": (
        "auth_password_file",
        {"to": ["a@example.com"], "from": "b@example.com", "smarthost": "mail.example.com:587", "auth_username": "b"},
    ),
    "webhook": ("token_file", {"url": "https://hooks.example.com/errtally"}),
    "exporter": ("token_file", {"url": "http://exporter:9765/api/alerts"}),
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("place", ["alerting.channels", "alerting.teams[0].channels"])
def test_the_secret_of_every_channel_is_looked_at_where_compose_mounts_it(
    tmp_path: Path, channel: str, place: str
) -> None:
    if "teams" in place and channel == "exporter":
        return  # a team has no exporter of its own
    key, values = CHANNELS[channel]
    channels = {channel: {**values, key: "/etc/alertmanager/secrets/another"}}
    settings = {"teams": [{"name": "shop", "projects": ["shop"], "channels": channels}]}
    if "teams" not in place:
        settings = {"channels": channels}
    (tmp_path / "errtally.yml").write_text(yaml.safe_dump({"alerting": settings}))
    mount = f"--mount={tmp_path}/secrets:/etc/alertmanager/secrets"
    missing = _check(tmp_path / "errtally.yml", mount)
    assert missing.exit_code == 1
    assert f"errtally.yml: {place}.{channel}.{key}: can't be read" in missing.output
    elsewhere = _check(tmp_path / "errtally.yml")
    assert elsewhere.exit_code == 0
    assert f"{place}.{channel}.{key}: /etc/alertmanager/secrets/another is not on this machine" in elsewhere.output
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/another").write_text("s3cret\n")
    there = _check(tmp_path / "errtally.yml", mount)
    assert (there.exit_code, "not on this machine" in there.output) == (0, False)


def test_the_key_is_the_same_in_the_dsn_the_configuration_and_alertmanagers_secret() -> None:
    document = config.load(ROOT / "deploy/errtally.yml")
    project = document["projects"][0]
    (key,) = project["keys"]
    token_file = Path(document["alerting"]["channels"]["exporter"]["token_file"])
    assert (_mounted("alertmanager", str(token_file.parent)) / token_file.name).read_text() == key
    dsn = f"http://{key}@127.0.0.1:9765/{project['id']}"
    assert dsn in (ROOT / "docker-compose.yml").read_text()
    assert dsn in (ROOT / "deploy/errtally.yml").read_text()


def test_the_demo_may_tell_of_deploys_with_the_token_that_the_exporter_has() -> None:
    path = _mounted("exporter", "/etc/errtally/web-token")
    assert path == ROOT / "deploy" / config.load(ROOT / "deploy/errtally.yml")["web"]["token_file"]
    assert path.read_text()
    assert f"--token-file {path.relative_to(ROOT)}" in (ROOT / "README.md").read_text()


def test_the_text_file_of_the_analyser_is_what_it_says_of_the_source_beside_it(tmp_path: Path) -> None:
    folder = _mounted("node-exporter", "/textfile")
    report = tmp_path / "checkout.prom"
    asked = ["--format", "prometheus", "--project", "checkout", "--fail-on", "never", "--output", str(report)]
    done = CliRunner().invoke(errtally, ["analyse", str(folder / "shop"), *asked])
    assert done.exit_code == 0, done.output
    assert (folder / "checkout.prom").read_text() == report.read_text(), "make generate"


def test_links_lead_to_the_published_ports() -> None:
    settings = alerting(config.load(ROOT / "deploy/errtally.yml"))
    assert f"{settings.external_url.removeprefix('http://')}:9765" in SERVICES["exporter"]["ports"]
    assert f"{settings.grafana.url.removeprefix('http://')}:3000" in SERVICES["grafana"]["ports"]


def test_the_image_runs_as_a_user_without_rights_and_has_a_healthcheck() -> None:
    text = (ROOT / "Dockerfile").read_text()
    last_stage = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER (?!root|0)\w+$", last_stage, re.MULTILINE)
    assert "HEALTHCHECK" in last_stage
    assert "/-/healthy" in last_stage
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE) == ["python:3.12-slim"] * 2


def test_the_example_of_docker_run_mounts_every_file_that_the_configuration_names() -> None:
    (example,) = re.findall(r"^docker run .*?[^\\]$", (ROOT / "docs/install.md").read_text(), re.MULTILINE | re.DOTALL)
    mounted = dict(re.findall(r'-v "\$PWD/([^:]+):([^:"]+)', example))
    assert all((ROOT / source).exists() for source in mounted)
    web = yaml.safe_load((ROOT / "deploy/errtally.yml").read_text())["web"]
    named = {f"/etc/errtally/{value}" for name, value in web.items() if name.endswith("_file")}
    assert named
    assert named <= set(mounted.values())

"""Play a history through the generated rules and routes: who is told what, and when.

promtool evaluates the real rules and tells, minute by minute, what fires; amtool tells the receivers of the routes.
What Alertmanager adds is kept here to what decides who hears: inhibition by the generated rules, one message for a
group, an end for receivers that are told of ends. The real Alertmanager proves it in tests/flow/test_delivery.py.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from tests.peers import peer

from errtally import config
from errtally.alertmanager.build import CONFIG_FILE
from errtally.alertmanager.build import build as build_alertmanager
from errtally.alertmanager.route_tests import label_arguments
from errtally.generate.files import write
from errtally.rules.build import RULES_ENDING
from errtally.rules.build import build as build_rules

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rules.history import History

CHANNELS = """
  channels:
    slack: {api_url: 'http://127.0.0.1/slack', channel: '#alerts'}
    pagerduty: {routing_key: key}
    email: {to: [oncall@example.com], from: errtally@example.com, smarthost: 'mail:25'}
"""
_LABELS = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"(.*)"')
_FIRING = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'

LabelSet = frozenset[tuple[str, str]]


@dataclass(frozen=True, order=True)
class Heard:
    """At a minute a receiver hears something of an alert: ``firing``, or ``resolved``."""

    minute: int
    receiver: str
    alerts: str
    kind: str

    def __str__(self) -> str:
        return f"{self.minute} {self.alerts} > {self.receiver}: {self.kind}"


def play(folder: Path, history: History, *, settings: str = "", files: str = "", since: int = 0) -> list[str]:
    """Return what receivers are told.

    Args:
        folder: where files may be written.
        history: what Prometheus has scraped.
        settings: YAML below ``alerting``.
        files: only rule files whose name has this at the end; "" for all.
        since: the minute from which on it is looked.
    """
    document = configured(settings)
    write(build_alertmanager(document), folder)
    firing = fired(folder, document, history, files=files, since=since)
    content = yaml.safe_load((folder / CONFIG_FILE).read_text())
    return [str(told) for told in _messages(folder, content, firing)]


def configured(settings: str) -> config.document.Document:
    """Return a configuration with channels and the YAML below ``alerting``."""
    return config.parse(f"alerting:\n{settings}{CHANNELS}", "the incident")


def fired(
    folder: Path, document: config.document.Document, history: History, *, files: str = "", since: int = 0
) -> dict[int, set[LabelSet]]:
    """Return the alerts that fire at each minute, by the generated rules of a configuration."""
    rules = {
        name: text
        for name, text in build_rules(document).items()
        if name.endswith(RULES_ENDING) and name.endswith(files + RULES_ENDING)
    }
    write(rules, folder)
    minutes = range(max(since, 1), int(history.minutes) + 1, max(history.step_seconds // 60, 1))
    return _firing(folder, history, sorted(rules), minutes)


def _firing(folder: Path, history: History, rules: list[str], minutes: range) -> dict[int, set[LabelSet]]:
    test = {
        "interval": f"{history.step_seconds}s",
        "input_series": history.input_series(),
        "promql_expr_test": [{"expr": _FIRING, "eval_time": f"{minute}m", "exp_samples": []} for minute in minutes],
    }
    whole = {"rule_files": rules, "evaluation_interval": f"{history.step_seconds}s", "tests": [test]}
    (folder / "incident.yml").write_text(yaml.safe_dump(whole))
    done = subprocess.run(
        [peer("promtool"), "test", "rules", "incident.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    found: dict[int, set[LabelSet]] = {minute: set() for minute in minutes}
    shown = re.findall(r"time: ([\dhmsdw]+),\s+exp:.*?\n\s+got: (.*)", output)
    assert shown or done.returncode == 0, output
    for time, got in shown:
        minute = config.duration.parse_duration(time) // 60
        for sample in re.findall(r'\{(__name__="ALERTS".*?)\} 1E\+00', got):
            labels = {name: value.encode().decode("unicode_escape") for name, value in _LABELS.findall(sample)}
            found[minute].add(frozenset((k, v) for k, v in labels.items() if k not in {"__name__", "alertstate"}))
    return found


def _messages(folder: Path, content: dict[str, Any], firing: dict[int, set[LabelSet]]) -> list[Heard]:
    told: list[Heard] = []
    ends = {
        receiver["name"]: all(
            one["send_resolved"] for key, configs in receiver.items() if key.endswith("_configs") for one in configs
        )
        for receiver in content["receivers"]
    }
    routes: dict[LabelSet, list[str]] = {}
    groups: dict[tuple[str, tuple[str, ...]], set[LabelSet]] = {}
    for minute, alerts in firing.items():
        heard = {one for one in alerts if not _is_held_back(one, alerts, content["inhibit_rules"])}
        now: dict[tuple[str, tuple[str, ...]], set[LabelSet]] = {}
        for alert in heard:
            for receiver in routes.setdefault(alert, []) or _receivers(folder, alert, routes):
                now.setdefault((receiver, _group(dict(alert))), set()).add(alert)
        for key in sorted({*groups, *now}):
            receiver = key[0]
            if new := now.get(key, set()) - groups.get(key, set()):
                told.append(Heard(minute, receiver, _named(new), "firing"))
            elif key not in now and groups[key]:
                over = groups[key] & alerts  # held back: nobody is told that they ended
                if ends[receiver] and not over:
                    told.append(Heard(minute, receiver, _named(groups[key]), "resolved"))
            groups[key] = now.get(key, set()) and (groups.get(key, set()) | now[key])
    return told


def _named(alerts: set[LabelSet]) -> str:
    names = sorted(dict(one)["alertname"] for one in alerts)
    return " ".join(f"{name}x{names.count(name)}" if names.count(name) > 1 else name for name in dict.fromkeys(names))


def _group(labels: dict[str, str]) -> tuple[str, ...]:
    own = () if labels["severity"] == "critical" else (labels["alertname"],)
    return (*own, labels.get("project", ""), labels.get("environment", ""))


def _receivers(folder: Path, alert: LabelSet, routes: dict[LabelSet, list[str]]) -> list[str]:
    command = [peer("amtool"), "config", "routes", "test", f"--config.file={CONFIG_FILE}"]
    arguments = label_arguments({name: value for name, value in alert if "\n" not in value})
    done = subprocess.run([*command, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    routes[alert] = done.stdout.strip().split(",")
    return routes[alert]


def _is_held_back(alert: LabelSet, alerts: set[LabelSet], rules: list[dict[str, Any]]) -> bool:
    target = dict(alert)
    return any(
        all(_matches(matcher, target) for matcher in rule["target_matchers"])
        and any(
            all(_matches(matcher, dict(source)) for matcher in rule["source_matchers"])
            and all(target.get(name, "") == dict(source).get(name, "") for name in rule.get("equal", []))
            for source in alerts
            if source != alert
        )
        for rule in rules
    )


def _matches(matcher: str, labels: dict[str, str]) -> bool:
    found = _MATCHER.fullmatch(matcher)
    assert found
    name, operator, value = found.groups()
    hit = re.fullmatch(value, labels.get(name, "")) is not None if "~" in operator else labels.get(name, "") == value
    return hit != operator.startswith("!")

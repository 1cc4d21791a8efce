"""From the configuration to the files of this room: rules, their unit tests, runbook pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from errtally.config.alerting import alerting
from errtally.generate.files import GENERATED_BY
from errtally.generate.yaml_text import yaml_text
from errtally.rules.alerts import ALERTS
from errtally.rules.rule_groups import prometheus_rule, rule_groups
from errtally.rules.runbook_pages import runbook_page
from errtally.rules.settings import enabled_rules, rule_settings
from errtally.rules.unit_tests import unit_tests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from errtally.generate.files import Files

Format = Literal["prometheus", "prometheusrule"]

RULES_ENDING, TESTS_ENDING = ".rules.yml", ".tests.yml"
RULES_FILE = "errtally.rules.yml"
RESOURCE_FILE = "errtally.prometheusrule.yml"
_HEAD = GENERATED_BY.format(command="rules build")


def build(document: Mapping[str, Any], output: Format = "prometheus", only: Sequence[str] = ()) -> Files:
    """Return the generated files by their path.

    Args:
        document: the checked configuration; an empty one gives every default.
        output: ``prometheus`` gives a rule file for each group and its unit tests, ``prometheusrule`` the operator's
            resource, which has all groups.
        only: names of rules, which have to be enabled; () stands for all that are.

    Raises:
        ConfigError: the configuration of a rule does not fit it.
        LookupError: no enabled rule has a name.
    """
    settings = alerting(document)
    rules = enabled_rules(settings)
    if missing := set(only).difference(rule.name for rule in rules):
        raise LookupError(f"no enabled rule is called {', '.join(sorted(missing))}")
    if only:
        rules = {rule: one for rule, one in rules.items() if rule.name in only}
    groups = rule_groups(rules, settings)
    pages = {f"runbooks/{rule.name}.md": runbook_page(rule, rule_settings(rule, settings), _HEAD) for rule in ALERTS}
    if output == "prometheusrule":
        return {RESOURCE_FILE: yaml_text(prometheus_rule(groups), _HEAD), **pages}
    return {
        **{rules_file(group["name"]): yaml_text({"groups": [group]}, _HEAD) for group in groups},
        **{name: yaml_text(tests, _HEAD) for name, tests in unit_tests(rules, settings).items()},
        **pages,
    }


def rules_file(group: str) -> str:
    """Return the name of the file that holds a rule group."""
    return f"{group}{RULES_ENDING}"

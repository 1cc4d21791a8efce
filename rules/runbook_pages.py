"""A runbook page for each alert, in Markdown, with the settings that hold in this configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.duration import format_duration

if TYPE_CHECKING:
    from errtally.rules.model import AlertRule
    from errtally.rules.rule_settings import RuleSettings


def runbook_page(rule: AlertRule, settings: RuleSettings, head: str) -> str:
    """Return the page of one alert; ``head`` is the comment that says where it came from."""
    lines = [f"- Severity: {settings.severity}"]
    if settings.channels:
        lines.append(f"- Channels: {', '.join(settings.channels)}")
    if rule.defaults.threshold is not None:
        lines.append(f"- Threshold: {rule.threshold_text(settings.threshold)}")
    if rule.defaults.window_seconds is not None:
        lines.append(f"- Window: {format_duration(settings.window_seconds)}")
    if rule.defaults.minimum is not None:
        lines.append(f"- Minimum: {settings.minimum:.15g} {rule.minimum_of}")
    lines.append(f"- Fires after: {format_duration(settings.for_seconds)}")
    if settings.keep_firing_seconds:
        lines.append(f"- Cooldown: {format_duration(settings.keep_firing_seconds)}")
    book = rule.runbook
    sections = {
        "Meaning": book.meaning,
        "Impact": book.impact,
        "Diagnosis": book.diagnosis,
        "Mitigation": book.mitigation,
        "Without data": rule.without_data(settings),
        "Settings": "\n".join(lines) + f"\n\nThey are changed below `alerting.rules.{rule.name}`.",
        "Query": _query(rule, settings),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"<!-- {head} -->\n\n# {rule.title} (`{rule.name}`)\n\n{body}\n"


def _query(rule: AlertRule, settings: RuleSettings) -> str:
    if not (expr := rule.expr(settings)):
        return "Without configuration there is none."
    return "```promql\n" + "\n".join([*_recorded(rule, settings), expr]) + "\n```"


def _recorded(rule: AlertRule, settings: RuleSettings) -> list[str]:
    return [f"# {recording.record} =\n{recording.expr}\n" for recording in rule.recordings(settings)]

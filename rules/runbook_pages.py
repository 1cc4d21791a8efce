"""A runbook page for each alert, in Markdown, with the settings that hold in this configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.config.duration import format_duration

if TYPE_CHECKING:
    from errtally.rules.model import AlertRule, Tuned


def runbook_page(rule: AlertRule, tuned: Tuned, head: str) -> str:
    """Return the page of one alert; ``head`` is the comment that says where it came from."""
    settings = [f"- Severity: {tuned.severity}"]
    if tuned.channels:
        settings.append(f"- Channels: {', '.join(tuned.channels)}")
    if rule.defaults.threshold is not None:
        settings.append(f"- Threshold: {rule.threshold_text(tuned.threshold)}")
    if rule.defaults.window_seconds is not None:
        settings.append(f"- Window: {format_duration(tuned.window_seconds)}")
    if rule.defaults.minimum is not None:
        settings.append(f"- Minimum: {tuned.minimum:.15g} {rule.minimum_of}")
    settings.append(f"- Fires after: {format_duration(tuned.for_seconds)}")
    if tuned.keep_firing_seconds:
        settings.append(f"- Cooldown: {format_duration(tuned.keep_firing_seconds)}")
    book = rule.runbook
    sections = {
        "Meaning": book.meaning,
        "Impact": book.impact,
        "Diagnosis": book.diagnosis,
        "Mitigation": book.mitigation,
        "Without data": rule.without_data(tuned),
        "Settings": "\n".join(settings) + f"\n\nThey are changed below `alerting.rules.{rule.name}`.",
        "Query": _query(rule, tuned),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"<!-- {head} -->\n\n# {rule.title} (`{rule.name}`)\n\n{body}\n"


def _query(rule: AlertRule, tuned: Tuned) -> str:
    if not (expr := rule.expr(tuned)):
        return "Without configuration there is none."
    return "```promql\n" + "\n".join([*_recorded(rule, tuned), expr]) + "\n```"


def _recorded(rule: AlertRule, tuned: Tuned) -> list[str]:
    return [f"# {recording.record} =\n{recording.expr}\n" for recording in rule.recordings(tuned)]

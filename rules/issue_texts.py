"""What alerts about one issue say of it, and where its page is; in templates and in the generated tests.

The title comes into the text by a query instead of a join: an issue beyond the budget has no info series, and two
info series of one issue must never make the rule fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally import names
from errtally.config.duration import format_duration
from errtally.rules.series import DEMO_LABELS, ERROR_LEVELS, selector, sum_by

if TYPE_CHECKING:
    from errtally.rules.rule_settings import RuleSettings

ISSUE = {**DEMO_LABELS, "issue": "3f2a9c81d07b"}
"""The issue of the generated tests."""

_TITLE = "ValueError: no price for <num>"
_RELEASE = "checkout@1.9.0"
INFO = selector(
    names.ISSUE_INFO,
    **ISSUE,
    type="ValueError",
    title=_TITLE,
    culprit="pay",
    status="unresolved",
    first_release=_RELEASE,
)

_MOST = 3
"""How many issues a text names."""

NO_ISSUE = "no issue has series"
"""What `most` gives without issues."""


def _title(issue: str, otherwise: str) -> str:
    return _of_info(issue, "{{ .Labels.title }}") + f"{{{{ if not $found }}}}{otherwise}{{{{ end }}}}"


def _of_info(issue: str, text: str) -> str:
    """Return the template of a text about an issue, filled in from what its info series says, once."""
    return (
        "{{ $found := false }}"
        f'{{{{ range printf "{names.ISSUE_INFO.name}{{project=%q,environment=%q,issue=%q}}"'
        f" $labels.project $labels.environment {issue} | query }}}}"
        f"{{{{ if not $found }}}}{{{{ $found = true }}}}{text}{{{{ end }}}}"
        "{{ end }}"
    )


def most(settings: RuleSettings) -> str:
    """Return the template of the issues with the most errors within the window: each with its number, most first."""
    span = format_duration(settings.window_seconds)
    of = "project=%q,environment=%q"
    errors = f"{names.ISSUE_EVENTS.name}{{{of},{ERROR_LEVELS}}}"
    young = f"{names.ISSUE_NOTICED.name}{{{of}}} > time() - {settings.window_seconds}"
    # An issue that is younger than the window counts as a whole: increase() would miss what its series began with.
    # One that comes back into the budget has no past in Prometheus, and counts from its return on.
    new = f"{errors} and on (job, instance, issue) {young}"
    grown = f"{errors} - {errors} offset {span} or {new} or increase({errors}[{span}])"
    number = f"sort_desc(topk({_MOST}, {sum_by(names.ISSUE_EVENTS, grown, settings, 'issue')} > 0))"
    scopes = " $labels.project $labels.environment" * number.count(of)
    return (
        f"{{{{ range $place, $one := printf `{number}`{scopes} | query }}}}"
        "{{ if $place }}, {{ end }}"
        '{{ $one.Value | printf "%.0f" }} of '
        f"{_title('$one.Labels.issue', 'issues beyond the budget')}"
        f"{{{{ else }}}}{NO_ISSUE}{{{{ end }}}}"
    )


FIELDS = {
    "what": _title("$labels.issue", "see the list of issues"),
    "link": (
        "{{ if $labels.issue }}/issues/{{ $labels.issue }}?project={{ $labels.project | urlquery }}{{ else }}/{{ end }}"
    ),
}
"""Template fields: the title of the issue, or a hint where to look; the path of its page, with the project
because two may have an issue of the same name."""

SINCE = _of_info("$labels.issue", "{{ if .Labels.first_release }} since release {{ .Labels.first_release }}{{ end }}")
"""The release that an issue came with, where it has one."""

KNOWN_SINCE = f" since release {_RELEASE}"
"""What it gives for the issue of the tests."""

KNOWN = {"what": _TITLE, "link": "/issues/3f2a9c81d07b?project=checkout"}
"""What the fields give for the issue of the tests."""

UNKNOWN = {"what": "see the list of issues", "link": "/"}
"""What they give for a service as a whole."""

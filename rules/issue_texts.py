"""What alerts about one issue say of it, and where its page is; in templates and in the generated tests.

The title comes into the text by a query instead of a join: an issue beyond the budget has no info series, and two
info series of one issue must never make the rule fail.
"""

from __future__ import annotations

from errtally import names
from errtally.rules.series import DEMO_LABELS, selector

ISSUE = {**DEMO_LABELS, "issue": "3f2a9c81d07b"}
"""The issue of the generated tests."""

_TITLE = "ValueError: no price for <num>"
INFO = selector(names.ISSUE_INFO, **ISSUE, type="ValueError", title=_TITLE, culprit="pay", status="unresolved")

FIELDS = {
    "what": (
        "{{ $found := false }}"
        f'{{{{ range printf "{names.ISSUE_INFO.name}{{project=%q,environment=%q,issue=%q}}"'
        " $labels.project $labels.environment $labels.issue | query }}"
        "{{ if not $found }}{{ $found = true }}{{ .Labels.title }}{{ end }}"
        "{{ end }}"
        "{{ if not $found }}see the list of issues{{ end }}"
    ),
    "link": (
        "{{ if $labels.issue }}/issues/{{ $labels.issue }}?project={{ $labels.project | urlquery }}{{ else }}/{{ end }}"
    ),
}
"""Template fields: the title of the issue, or a hint where to look; the path of its page, with the project
because two may have an issue of the same name."""

KNOWN = {"what": _TITLE, "link": "/issues/3f2a9c81d07b?project=checkout"}
"""What the fields give for the issue of the tests."""

UNKNOWN = {"what": "see the list of issues", "link": "/"}
"""What they give for a service as a whole."""

"""What a scrape says."""

from __future__ import annotations

HOSTILE = [
    'quote " and \\ and\nbreak',
    "\\n is not a break",
    "}{=,",
    "größe 大 😀",
    "",
    " ",
    "trailing \\",
    '"',
    "# HELP x y",
]


def samples(families):
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}

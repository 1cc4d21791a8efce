"""Programs that read Sentry and are given errtally's address instead: how each is set up, and what of it is tried.

`test_tools.py` runs them; docs/sentry-api.md has its table from here (`make generate`). ``{...}`` in a word is filled
in: url, host, token, issue (the number), short (the short id), event, home.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a program is asked for.

    Attributes:
        does: what it is, as its users call it.
        words: of the command line, or the name of a tool of a server of the Model Context Protocol.
        says: a regular expression that the answer must hold.
        given: arguments of such a tool.
    """

    does: str
    words: str
    says: str = ""
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A program.

    Attributes:
        name: as people know it.
        npm: its package of npm with its version; "" where it is none.
        pypi: its package of PyPI with its version; "" where it is none, or is among the packages of the tests.
        version: the version that the documentation names.
        command: its program and the words that come first; the program is looked for among those of its package.
        environ: variables that it is set up by.
        setting: how it is set up, as the documentation says it.
        is_server: whether it is a server of the Model Context Protocol over standard input and output.
        checks: what is tried, in this order.
        lacks: what of it finds nothing here.
    """

    name: str
    version: str
    command: tuple[str, ...]
    setting: str
    checks: tuple[Check, ...]
    npm: str = ""
    pypi: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    is_server: bool = False
    lacks: str = ""


_SENTRY = {"SENTRY_URL": "{url}", "SENTRY_AUTH_TOKEN": "{token}", "SENTRY_ORG": "errtally", "SENTRY_PROJECT": "shop"}
_ORGANIZATION = {"organizationSlug": "errtally"}

_OF_MCP_SERVER = (
    Check("who am I", "whoami", "reader|token|anonymous|errtally"),
    Check("organisations", "find_organizations", "errtally", {}),
    Check("projects", "find_projects", "shop", _ORGANIZATION),
    Check("teams", "find_teams", "errtally", _ORGANIZATION),
    Check("releases", "find_releases", "1[.]4", _ORGANIZATION),
    Check("DSNs", "find_dsns", "http", {**_ORGANIZATION, "projectSlug": "shop"}),
    Check(
        "search of issues",
        "search_issues",
        "{short}",
        {**_ORGANIZATION, "query": "is:unresolved", "sort": "date", "limit": 100},
    ),
    Check(
        "an issue with its stack trace",
        "get_sentry_resource",
        "(?s){short}.*find",
        {**_ORGANIZATION, "resourceType": "issue", "resourceId": "{short}"},
    ),
    Check(
        "an event by its address",
        "get_sentry_resource",
        "{event}",
        {"url": "{url}/organizations/errtally/issues/{short}/events/{event}/"},
    ),
    Check(
        "values of a tag",
        "get_issue_tag_values",
        "production",
        {**_ORGANIZATION, "issueId": "{short}", "tagKey": "environment"},
    ),
    Check(
        "events of an issue",
        "search_issue_events",
        "",
        {**_ORGANIZATION, "issueId": "{short}", "query": "", "limit": 5},
    ),
    Check(
        "ignoring until it happened 100 times",
        "update_issue",
        "100",
        {
            **_ORGANIZATION,
            "issueId": "{short}",
            "status": "ignored",
            "ignoreMode": "untilOccurrenceCount",
            "ignoreCount": 100,
        },
    ),
    Check(
        "reopening",
        "update_issue",
        "unresolved",
        {**_ORGANIZATION, "issueId": "{short}", "status": "unresolved"},
    ),
)

TOOLS = (
    Tool(
        "sentry-cli",
        "3.8",
        ("sentry-cli",),
        "`SENTRY_URL=http://HOST:9765`, `SENTRY_AUTH_TOKEN`, `SENTRY_ORG=errtally`, `SENTRY_PROJECT`",
        (
            Check("`info`", "info", "Sentry Server"),
            Check("`organizations list`", "organizations list", "errtally"),
            Check("`projects list`", "projects list", "shop"),
            Check("`issues list`", "issues list", "{short}"),
            Check("`issues resolve`", "issues resolve -i {issue}", "status: resolved"),
            Check("`issues mute`", "issues mute -i {issue}", "status: muted"),
            Check("`issues unresolve`", "issues unresolve -i {issue}", "status: unresolved"),
            Check("`events list`", "events list --max-rows 5", "c0ffee11"),
            Check("`monitors list`", "monitors list", ""),
            Check("`releases new`", "releases new shop@1.5", ""),
            Check("`releases set-commits`", "releases set-commits shop@1.5 --commit acme/shop@f00dfeed", ""),
            Check("`releases finalize`", "releases finalize shop@1.5", "shop@1.5"),
            Check("`releases info`", "releases info shop@1.5", "shop@1.5"),
            Check("`deploys new`", "deploys --release shop@1.5 new --env production", ""),
            Check("`deploys list`", "deploys --release shop@1.5 list", "production"),
            Check("`releases list`", "releases list", "shop@1.5"),
        ),
        environ=_SENTRY,
        lacks="`logs list` finds nothing",
    ),
    Tool(
        "`sentry` (npm)",
        "0.49",
        ("sentry",),
        "the same variables",
        (
            Check("`org list`", "org list", "errtally"),
            Check("`project list`", "project list errtally/", "shop"),
            Check("`issue list`", "issue list errtally/shop --limit 5 --json", "{short}"),
            Check("`issue view`", "issue view errtally/{short} --json", "{short}"),
            Check("`issue events`", "issue events errtally/{short} --json", "{event}"),
            Check("`event view`", "event view errtally/shop/{event} --json", "{event}"),
            Check("`dsn list`", "dsn list errtally/shop", "http"),
            Check("`issue resolve`", "issue resolve errtally/{short} --json", "resolved"),
            Check("`issue archive`", "issue archive errtally/{short} --json", ""),
            Check("`issue unresolve`", "issue unresolve errtally/{short} --json", "unresolved"),
            Check("`release list`", "release list errtally/", "1[.]4"),
            Check("`explore`", "explore errtally/shop --limit 2 --json", ""),
        ),
        npm="sentry@0.49.0",
        environ=_SENTRY,
        lacks="`log` finds nothing",
    ),
    Tool(
        "Sentry's MCP server",
        "0.36",
        ("sentry-mcp", "--access-token={token}", "--host={host}", "--insecure-http"),
        "`--access-token=TOKEN --host=HOST:9765`, with `--insecure-http` for http",
        _OF_MCP_SERVER,
        npm="@sentry/mcp-server@0.36.0",
        is_server=True,
    ),
    Tool(
        "mcp-server-glitchtip",
        "1.0",
        ("mcp-server-glitchtip",),
        "`GLITCHTIP_API_URL=http://HOST:9765/api/0/`, `GLITCHTIP_AUTH_TOKEN`, `GLITCHTIP_ORGANIZATION=errtally`, "
        "`GLITCHTIP_PROJECT`",
        (
            Check("issues", "get_glitchtip_issues", "{short}", {}),
            Check("an issue with its stack trace", "get_glitchtip_issue", "Stacktrace", {"issue_id": "{issue}"}),
        ),
        pypi="mcp-server-glitchtip==1.0.0",
        environ={
            "GLITCHTIP_API_URL": "{url}/api/0/",
            "GLITCHTIP_AUTH_TOKEN": "{token}",
            "GLITCHTIP_ORGANIZATION": "errtally",
            "GLITCHTIP_PROJECT": "shop",
        },
        is_server=True,
    ),
    Tool(
        "mcp-sentry-custom",
        "0.6",
        ("mcp-sentry-custom",),
        "`SENTRY_URL=http://HOST:9765/api/0/`, `SENTRY_TOKEN`, `SENTRY_ORGANIZATION_SLUG=errtally`, "
        "`SENTRY_PROJECT_SLUG`",
        (
            Check(
                "issues",
                "get_list_issues",
                "{issue}",
                {"project_slug": "shop", "organization_slug": "errtally"},
            ),
            Check("an issue with its stack trace", "get_sentry_issue", "Stacktrace", {"issue_id_or_url": "{issue}"}),
        ),
        pypi="mcp-sentry-custom==0.6.4",
        environ={
            "SENTRY_URL": "{url}/api/0/",
            "SENTRY_TOKEN": "{token}",
            "SENTRY_ORGANIZATION_SLUG": "errtally",
            "SENTRY_PROJECT_SLUG": "shop",
        },
        is_server=True,
    ),
)


def table() -> str:
    """Return the table of the documentation."""
    lines = ["| program | how it is set up | what works | what does not |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {tool.name} {tool.version} | {tool.setting} | "
        f"{', '.join(check.does for check in tool.checks)} | {tool.lacks} |"
        for tool in TOOLS
    ]
    return "\n".join(lines) + "\n"

"""Every metric, label, level and severity name of errtally, written once.

The exporter renders from this catalogue, the generators of rules, routes and dashboards build their
queries from it, and a test compares it with the documentation: a metric name written anywhere else fails
that test. Long because it is one list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

PREFIX = "errtally_"

LEVELS = ("debug", "info", "warning", "error", "fatal")
"""Levels of an event, least severe first."""

ERROR_LEVELS = ("error", "fatal")
"""Levels that count as an error in rules and dashboards."""

SEVERITIES = ("critical", "warning", "info", "none")
"""Severities of an alert; ``none`` is for the dead man's switch."""

EVENT_ALERTS = ("NewIssue", "Regression", "CheckInFailed")
"""Alerts that tell what happened once: they are over when they are told, and nothing about them is resolved later."""

ISSUE_STATUSES = ("unresolved", "resolved", "ignored", "regressed")
APDEX_ZONES = ("satisfied", "tolerating", "frustrated")
OUTCOMES = ("success", "failure")
STATUS_CLASSES = ("2xx", "3xx", "4xx", "5xx", "unknown")
SESSION_STATUSES = ("started", "exited", "errored", "unhandled", "crashed", "abnormal")
"""``started`` counts every session once; the others say how sessions ended."""
CRASHED_SESSION_STATUSES = ("crashed", "unhandled")
"""How a session ends by an error that nobody handled: of the program, or of a promise or thread of it."""
SESSION_USERS_WINDOW_SECONDS = 86400
"""How far back users of a release are counted."""
SYMBOL_OUTCOMES = (
    "resolved", "not_uploaded", "building", "no_map", "bad_map", "bad_file", "too_large", "wrong_build", "no_column",
    "no_position",
)  # fmt: skip
CHECK_IN_STATUSES = ("in_progress", "ok", "error", "missed", "timeout")
FAILED_CHECK_IN_STATUSES = ("error", "timeout")
"""What a job reports, or is judged, when a run of it went wrong; a run that never began is missed."""
CATEGORIES = ("error", "transaction", "session", "monitor", "log_item", "default")
"""Kinds of items that rate limits and quotas tell apart; ``default`` is what has no kind of its own."""
USER_WINDOWS = {"1h": 3600, "24h": 86400}
"""Windows of ``users_affected``: label value to seconds."""

SAMPLE_REASONS = ("number", "age", "resolved", "idle", "size", "deleted")
"""Why sample events are deleted: too many of one issue, too old, their issue is resolved or idle, too large a store."""

OTHER = "__other__"
"""The label value that takes what is beyond a metric's budget of series."""

SERVICE_WIDE = ""
"""The value of label ``transaction`` that stands for the whole service."""

DEFAULT_ENVIRONMENT = "production"
DEFAULT_PROJECT = "default"

DEFAULT_SERIES_IDLE_SECONDS = 6 * 3600.0
"""Longer than what most rules look back to tell a rate, so that no alert loses a series that it still reckons with."""

APDEX_WINDOW_SECONDS = 300
DEFAULT_APDEX_THRESHOLD_SECONDS = 0.5
APDEX_TOLERATING_FACTOR = 4
"""Tolerating ends at four times T (Apdex technical specification 1.1)."""

REQUEST_DURATION_BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0, 30.0)
"""The usual latency buckets, with T = 0.5 s and 4 T = 2 s among them, so that PromQL gives Apdex as well."""

RESOLUTION_BUCKETS_SECONDS = (300.0, 900.0, 3600.0, 14400.0, 28800.0, 86400.0, 259200.0, 604800.0, 2592000.0)
INGEST_DURATION_BUCKETS_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0)
ALERT_DURATION_BUCKETS_SECONDS = (60.0, 300.0, 900.0, 1800.0, 3600.0, 14400.0, 43200.0, 86400.0)
DIGEST_DURATION_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)

BASE_LABELS = ("project", "environment")

SERVICE_DASHBOARD, ISSUE_DASHBOARD = "errtally-service", "errtally-issue"
"""Addresses in Grafana of the dashboards that the exporter's pages lead to."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family.

    Attributes:
        name: full name of its samples; a counter's ends in ``_total``.
        kind: type in the exposition.
        help: one sentence, shown by Prometheus and Grafana.
        labels: label names, in the order in which they are written.
        unit: base unit as OpenMetrics knows it, which the name then holds as well, or "".
        series_limit: how many label sets one project, or all together where there is no such label, may have before
            values go to ``__other__``; 0 = not budgeted.
        other_label: the label whose value becomes ``__other__`` beyond the limit.
        buckets: upper bounds of a histogram, without +Inf.
        keeps_idle: whether a label set keeps its place in the budget however long it is idle.
        starts_at_zero: whether alerts reckon with its increase: each of its series is shown at 0 for a while before
            its first value, since a series that is born with a value does not increase.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""
    series_limit: int = 0
    other_label: str = ""
    buckets: tuple[float, ...] = ()
    keeps_idle: bool = False
    starts_at_zero: bool = False

    @property
    def family(self) -> str:
        """The family name of OpenMetrics, which a counter has without ``_total``."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name


def _counter(
    name: str,
    text: str,
    *labels: str,
    unit: str = "",
    limit: int = 0,
    other: str = "",
    keeps_idle: bool = False,
    starts_at_zero: bool = False,
) -> Metric:
    return Metric(PREFIX + name, "counter", text, labels, unit, limit, other, (), keeps_idle, starts_at_zero)


def _gauge(name: str, text: str, *labels: str, unit: str = "", limit: int = 0, other: str = "") -> Metric:
    return Metric(PREFIX + name, "gauge", text, labels, unit, series_limit=limit, other_label=other)


def _histogram(
    name: str,
    text: str,
    *labels: str,
    buckets: tuple[float, ...],
    limit: int = 0,
    other: str = "",
    keeps_idle: bool = False,
    starts_at_zero: bool = False,
) -> Metric:
    return Metric(
        PREFIX + name, "histogram", text, labels, "seconds", limit, other, buckets, keeps_idle, starts_at_zero
    )


# Events and issues.
EVENTS = _counter(
    "events_total", "Events received, by level and error type.", *BASE_LABELS, "level", "type", limit=500, other="type"
)
SERVICE_EVENTS = _counter(
    "service_events_total",
    "Events received, by level; at 0 from the first sight of a service, for alerts.",
    *BASE_LABELS,
    "level",
    starts_at_zero=True,
)
LOG_RECORDS = _counter("log_records_total", "Log records received; never counted as errors.", *BASE_LABELS, "level")
ISSUE_EVENTS = _counter("issue_events_total", "Events of an issue that has series.", *BASE_LABELS, "issue", "level")
ISSUE_INFO = _gauge(
    "issue_info",
    "What an issue is; always 1. An issue beyond the limit has no series of its own: its events count as __other__.",
    *BASE_LABELS,
    "issue",
    "type",
    "title",
    "culprit",
    "status",
    "first_release",
    limit=1000,
    other="issue",
)
ISSUE_FIRST_SEEN = _gauge(
    "issue_first_seen_timestamp_seconds",
    "When the first event of an issue happened.",
    *BASE_LABELS,
    "issue",
    unit="seconds",
)
ISSUE_NOTICED = _gauge(
    "issue_noticed_timestamp_seconds",
    "When errtally first counted an issue, whatever time its events bring along.",
    *BASE_LABELS,
    "issue",
    unit="seconds",
)
ISSUE_LAST_SEEN = _gauge(
    "issue_last_seen_timestamp_seconds",
    "When the newest event of an issue happened.",
    *BASE_LABELS,
    "issue",
    unit="seconds",
)
ISSUE_REGRESSED = _gauge(
    "issue_regressed_timestamp_seconds",
    "When a resolved issue came back.",
    *BASE_LABELS,
    "issue",
    unit="seconds",
)
ISSUE_USERS = _gauge(
    "issue_users", "Distinct users that an issue hit; an estimate beyond 1,000.", *BASE_LABELS, "issue"
)
USERS_AFFECTED = _gauge(
    "users_affected",
    "Distinct users hit by any error within the window (estimated beyond 1,000).",
    *BASE_LABELS,
    "window",
)
ISSUES = _gauge("issues", "Issues by status.", *BASE_LABELS, "status")
NEW_ISSUES = _counter("new_issues_total", "Issues seen for the first time.", *BASE_LABELS)
REGRESSIONS = _counter("regressions_total", "Resolved issues that came back.", *BASE_LABELS)
LAST_NEW_ISSUE = _gauge(
    "last_new_issue_timestamp_seconds",
    "When errtally last counted an error of an issue that was never seen before; 0 for never.",
    *BASE_LABELS,
    unit="seconds",
)
LAST_REGRESSION = _gauge(
    "last_regression_timestamp_seconds",
    "When errtally last saw a resolved issue come back; 0 for never.",
    *BASE_LABELS,
    unit="seconds",
)
RESOLVED_ISSUES = _counter("resolved_issues_total", "Issues that were resolved.", *BASE_LABELS)
ISSUE_RESOLUTION = _histogram(
    "issue_resolution_seconds",
    "Time from an issue's first event, or its regression, to its resolution (MTTR).",
    *BASE_LABELS,
    buckets=RESOLUTION_BUCKETS_SECONDS,
)

# Requests and Apdex.
REQUESTS = _counter(
    "requests_total",
    "Requests served by the observed services.",
    *BASE_LABELS,
    "transaction",
    "method",
    "status_class",
    limit=1000,
    other="transaction",
)
REQUEST_DURATION = _histogram(
    "request_duration_seconds",
    "Duration of the requests served by the observed services.",
    *BASE_LABELS,
    "transaction",
    "outcome",
    buckets=REQUEST_DURATION_BUCKETS_SECONDS,
    limit=200,
    other="transaction",
)
APDEX_REQUESTS = _counter(
    "apdex_requests_total",
    "Requests by Apdex zone; a failed one is frustrated.",
    *BASE_LABELS,
    "transaction",
    "zone",
    limit=600,
    other="transaction",
)
SERVICE_REQUESTS = _counter(
    "service_requests_total",
    "Requests of a service as a whole; at 0 from its first sight, for alerts.",
    *BASE_LABELS,
    "status_class",
    starts_at_zero=True,
)
SERVICE_REQUEST_DURATION = _histogram(
    "service_request_duration_seconds",
    "Duration of the requests of a service as a whole; at 0 from its first sight, for alerts.",
    *BASE_LABELS,
    buckets=REQUEST_DURATION_BUCKETS_SECONDS,
    starts_at_zero=True,
)
SERVICE_APDEX_REQUESTS = _counter(
    "service_apdex_requests_total",
    "Requests of a service as a whole by Apdex zone; at 0 from its first sight, for alerts.",
    *BASE_LABELS,
    "zone",
    starts_at_zero=True,
)
APDEX_SCORE = _gauge(
    "apdex_score",
    "Apdex over the last 5 minutes; absent without requests; transaction empty means the whole service.",
    *BASE_LABELS,
    "transaction",
)
APDEX_THRESHOLD = _gauge(
    "apdex_threshold_seconds",
    "The T of Apdex that applies.",
    *BASE_LABELS,
    "transaction",
    unit="seconds",
    limit=200,
    other="transaction",
)

# Releases, clients, monitors, hosts.
SESSIONS = _counter(
    "sessions_total", "Sessions by release and how they ended.", *BASE_LABELS, "release", "status", limit=200,
    other="release", starts_at_zero=True,
)  # fmt: skip
DEPLOYS = _counter("deploys_total", "Deploys of releases that errtally was told of.", *BASE_LABELS)
RELEASE_DEPLOYED = _gauge(
    "release_deployed_timestamp_seconds", "When a release was last deployed, as errtally was told.", *BASE_LABELS,
    "release", unit="seconds", limit=200, other="release",
)  # fmt: skip
SESSION_USERS = _gauge(
    "session_users",
    "Distinct users that had a session of a release within the last 24 hours; an estimate beyond some thousand.",
    *BASE_LABELS,
    "release",
)
CRASHED_SESSION_USERS = _gauge(
    "crashed_session_users",
    "Those of session_users that had a session that crashed, or that ended by an unhandled error.",
    *BASE_LABELS,
    "release",
)
CLIENT_DISCARDED_EVENTS = _counter(
    "client_discarded_events_total",
    "Events that clients say they discarded before sending.",
    "project",
    "reason",
    "category",
    limit=100,
    other="reason",
    starts_at_zero=True,
)
CHECK_INS = _counter(
    "check_ins_total", "Check-ins of scheduled jobs.", *BASE_LABELS, "monitor", "status", limit=500, other="monitor",
    keeps_idle=True,  # a job that no longer reports is the one to look at
)  # fmt: skip
CHECK_IN_LAST_FAILED = _gauge(
    "check_in_last_failed_timestamp_seconds",
    "When errtally last heard that a run of a scheduled job failed, or saw that it took too long.",
    *BASE_LABELS,
    "monitor",
    unit="seconds",
)
CHECK_IN_LAST_OK = _gauge(
    "check_in_last_ok_timestamp_seconds",
    "When a scheduled job last reported that it went well.",
    *BASE_LABELS,
    "monitor",
    unit="seconds",
)
CHECK_IN_NEXT_EXPECTED = _gauge(
    "check_in_next_expected_timestamp_seconds",
    "When a scheduled job is to run next, as its check-ins tell; absent without a schedule.",
    *BASE_LABELS,
    "monitor",
    unit="seconds",
)
CHECK_IN_DEADLINE = _gauge(
    "check_in_deadline_timestamp_seconds",
    "By when a scheduled job has to report, its margin included; it has passed while the job is overdue.",
    *BASE_LABELS,
    "monitor",
    unit="seconds",
)
HOST_CPU = _gauge("host_cpu_utilization_ratio", "Share of the host's CPU time in use.", unit="ratio")
HOST_MEMORY = _gauge("host_memory_utilization_ratio", "Share of the host's memory in use.", unit="ratio")
HOST_DISK_FREE = _gauge("host_disk_free_ratio", "Share of a file system that is free.", "mountpoint", unit="ratio")

# Alerts, as Alertmanager tells the exporter.
ALERTS = _gauge("alerts", "Alerts that fire, as Alertmanager's webhook told.", "alertname", "severity")
ALERT_DURATION = _histogram(
    "alert_duration_seconds",
    "Time from an alert's firing to its resolution.",
    "alertname",
    "severity",
    buckets=ALERT_DURATION_BUCKETS_SECONDS,
    limit=500,
    other="alertname",
    keeps_idle=True,  # one that fires for days tells nothing meanwhile
)

# The exporter's own health.
INGEST_REQUESTS = _counter(
    "ingest_requests_total", "Ingest requests by protocol and status answered.", "protocol", "code", starts_at_zero=True
)
INGEST_ITEMS = _counter("ingest_items_total", "Items in accepted ingest requests.", "protocol", "item")
INGEST_REJECTED = _counter(
    "ingest_rejected_total", "Ingest requests or items that were not taken, by reason.", "protocol", "reason"
)
SYMBOL_FRAMES = _counter(
    "symbol_frames_total",
    "Frames of events that were looked up in uploaded source maps, mappings and debug files, by outcome.",
    "outcome",
)
INGEST_DROPPED = _counter(
    "ingest_dropped_total",
    "Items that a rate limit or a quota did not let in, by category; a request that is refused unread is one.",
    "project",
    "category",
    "reason",
)
INGEST_ATTACHMENT_BYTES = _counter(
    "ingest_attachment_bytes_total", "Bytes of attachments and other payloads that are counted and not kept.",
    "protocol", unit="bytes",
)  # fmt: skip
INGEST_DURATION = _histogram(
    "ingest_duration_seconds",
    "Time from the request's body to its answer.",
    "protocol",
    buckets=INGEST_DURATION_BUCKETS_SECONDS,
)
ARTIFACTS_UPLOADED = _counter(
    "artifacts_uploaded_total", "Files that were uploaded to read stack traces by, by kind.", "kind"
)
ARTIFACT_UPLOADS_REFUSED = _counter(
    "artifact_uploads_refused_total", "Uploads that were not kept, by reason; the client was told.", "reason"
)
ARTIFACTS_STORED = _gauge(
    "artifacts_stored_bytes", "What uploaded files take on the disk; artifacts.stored_bytes bounds it.", unit="bytes"
)
SCRUBBED = _counter("scrubbed_total", "Values redacted before anything was kept.", "rule")
DUPLICATES = _counter("duplicate_events_total", "Events that had been counted already.", "project")
JOURNAL_LAG_EVENTS = _gauge("journal_lag_events", "Accepted events that wait to be counted.")
JOURNAL_LAG_SECONDS = _gauge("journal_lag_seconds", "Age of the oldest accepted event not yet counted.", unit="seconds")
JOURNAL_SIZE = _gauge("journal_size_bytes", "Size of the journal on disk.", unit="bytes")
DIGEST_DURATION = _histogram(
    "digest_duration_seconds", "Time to fold one batch into the store.", buckets=DIGEST_DURATION_BUCKETS_SECONDS
)
DIGESTED_EVENTS = _counter("digested_events_total", "Accepted events that were folded into the store.")
BACKGROUND_FAILURES = _counter(
    "background_failures_total", "Failed rounds of a worker's background tasks; each is tried again.", "task"
)
STORE_ERRORS = _counter("store_errors_total", "Failed transactions of the store; each was tried again.")
STORE_SIZE = _gauge("store_size_bytes", "Size of the store on disk.", unit="bytes")
STORE_USED = _gauge(
    "store_used_bytes", "What of the store's file is in use; retention.store_bytes bounds it.", unit="bytes"
)
SAMPLES_DELETED = _counter("samples_deleted_total", "Sample events that were deleted, by reason.", "reason")
SERIES = _gauge("series", "Label sets of a metric that count against its limit, by project.", "project", "metric")
SERIES_LIMIT = _gauge("series_limit", "Series that a metric may have in a project.", "metric")
SERIES_OVERFLOW = _counter(
    "series_overflow_total", "Values that went to __other__ because the metric's budget was used up.",
    "project", "metric", starts_at_zero=True,
)  # fmt: skip
SERIES_EVICTIONS = _counter(
    "series_evictions_total", "Idle label sets that left the exposition to make room for a new one.",
    "project", "metric",
)  # fmt: skip
SERIES_EVICTED = _gauge(
    "series_evicted", "Label sets that left the exposition and have not come back; the store keeps their values.",
    "project", "metric",
)  # fmt: skip
SERIES_EVICTED_VALUE = _gauge(
    "series_evicted_value",
    "What the evicted series of a counter, or the counts of a histogram, add up to. With the exposed ones: everything.",
    "project", "metric",
)  # fmt: skip
STREAM_CLIENTS = _gauge("stream_clients", "Open live streams.")
BUILD_INFO = _gauge("build_info", "Version of errtally; always 1.", "version", "python_version")
UP = _gauge("up", "1 while the writer keeps the store current, 0 when it has stopped.")
STORE_CREATED = _gauge(
    "store_created_timestamp_seconds", "When the store was made; rules wait before they call an issue new.",
    unit="seconds",
)  # fmt: skip

_OF_THE_EXPORTER = tuple(value for value in list(globals().values()) if isinstance(value, Metric))

# What the analyser writes for node_exporter's textfile collector; the exporter does not render these.
ANALYSER_FINDINGS = _gauge(
    "analyser_findings", "Findings of the last run, those of the baseline included.", "project", "check", "severity"
)
ANALYSER_NEW_FINDINGS = _gauge(
    "analyser_new_findings", "Findings of the last run that the baseline does not have.", "project", "severity"
)
ANALYSER_SUPPRESSED = _gauge("analyser_suppressed_findings", "Findings that comments suppress.", "project")
ANALYSER_PROBLEMS = _gauge(
    "analyser_problems", "Files that could not be analysed, or only partly, by kind.", "project", "kind"
)
ANALYSER_FILES = _gauge("analyser_files", "Files analysed.", "project", "language")
ANALYSER_LINES = _gauge("analyser_lines", "Lines analysed.", "project", "language")
ANALYSER_TRY_BLOCKS = _gauge("analyser_try_blocks", "Blocks that catch errors.", "project", "language")
ANALYSER_HANDLERS = _gauge("analyser_handlers", "Handlers of errors.", "project", "language")
ANALYSER_GENERIC_CATCHES = _gauge(
    "analyser_generic_catches", "Handlers that take everything, or do nothing.", "project", "language"
)
ANALYSER_CONSOLE_CALLS = _gauge("analyser_console_calls", "Calls that write to the console.", "project", "language")
ANALYSER_LOG_CALLS = _gauge("analyser_log_calls", "Calls of loggers, by level.", "project", "language", "level")

ANALYSER_CATALOGUE: tuple[Metric, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Metric) and value not in _OF_THE_EXPORTER
)
"""All metrics of the analyser."""

# What the client library counts in the application's own process, for the application's own /metrics or to be pushed.

ERROR_CLASSES = ("network", "database", "rate_limit", "external", "unknown")
"""Classes of errors that recovery tells apart."""

RECOVERY_OUTCOMES = ("recovered", "fallback", "failed")
BREAKER_STATES = ("closed", "half_open", "open")
"""States of a circuit breaker; the value of its gauge is the place in this tuple."""

PROCESS_LABEL = "process"
"""The label by which gauges that applications push tell their processes apart."""

RECOVERY_ATTEMPTS = _counter(
    "recovery_attempts_total", "Further attempts after a failed call, by strategy.", "service", "strategy", "outcome"
)
RECOVERIES = _counter(
    "recoveries_total", "Failed calls by class of error and how they ended.", "service", "error_class", "outcome"
)
BREAKER_STATE = _gauge("circuit_breaker_state", "0 closed, 1 half open, 2 open.", "service")
BREAKER_CHANGES = _counter("circuit_breaker_changes_total", "Changes of a breaker's state.", "service", "state")
BREAKER_REFUSED = _counter("circuit_breaker_refused_calls_total", "Calls that an open breaker refused.", "service")
CLIENT_CPU = _gauge("client_cpu_utilization_ratio", "Share of one core that the process uses.", unit="ratio")
CLIENT_MEMORY = _gauge("client_memory_bytes", "Resident memory of the process.", unit="bytes")
CLIENT_DISK_FREE = _gauge("client_disk_free_ratio", "Free share of the file system it works in.", unit="ratio")

CLIENT_CATALOGUE: tuple[Metric, ...] = (
    RECOVERY_ATTEMPTS,
    RECOVERIES,
    BREAKER_STATE,
    BREAKER_CHANGES,
    BREAKER_REFUSED,
    CLIENT_CPU,
    CLIENT_MEMORY,
    CLIENT_DISK_FREE,
)
"""Metrics of the client library as the application's own process shows them."""

CLIENT_OPEN_LABELS = frozenset({"service", "strategy", PROCESS_LABEL})
"""Their labels whose values applications choose; the values of the others are those of the tuples above."""

PROCESS_EXPIRES_SECONDS = 300
"""A pushed gauge that its process has not renewed for so long is not shown; the client renews every minute."""


def _pushed(metric: Metric) -> Metric:
    """A client's metric as the exporter shows it: counters added up over processes, gauges of each process."""
    if metric.kind == "gauge":
        labels = (*BASE_LABELS, *metric.labels, PROCESS_LABEL)
        return replace(metric, labels=labels, series_limit=500, other_label=PROCESS_LABEL)
    return replace(metric, labels=(*BASE_LABELS, *metric.labels), series_limit=200, other_label="service")


PUSHED: dict[str, Metric] = {metric.name: _pushed(metric) for metric in CLIENT_CATALOGUE}
"""Metrics of the client library as the exporter renders what clients push, by name."""

CATALOGUE: tuple[Metric, ...] = (*_OF_THE_EXPORTER, *PUSHED.values())
"""All metrics that the exporter renders, in the order in which they are exposed."""

BY_NAME: dict[str, Metric] = {metric.name: metric for metric in CATALOGUE}

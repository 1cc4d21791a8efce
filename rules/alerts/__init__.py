"""The alert rules, one file each; a new one is a new file and a line in `ALERTS` (and the schema's)."""

from errtally.rules.alerts.apdex_dropping import APDEX_DROPPING
from errtally.rules.alerts.apdex_low import APDEX_LOW
from errtally.rules.alerts.check_in_failed import CHECK_IN_FAILED
from errtally.rules.alerts.check_in_missed import CHECK_IN_MISSED
from errtally.rules.alerts.circuit_breaker_open import CIRCUIT_BREAKER_OPEN
from errtally.rules.alerts.clients_discarding import CLIENTS_DISCARDING
from errtally.rules.alerts.crash_free_sessions_low import CRASH_FREE_SESSIONS_LOW
from errtally.rules.alerts.crash_free_users_low import CRASH_FREE_USERS_LOW
from errtally.rules.alerts.data_absent import DATA_ABSENT
from errtally.rules.alerts.disk_space_low import DISK_SPACE_LOW
from errtally.rules.alerts.error_budget_burn import ERROR_BUDGET_BURN, ERROR_BUDGET_BURN_SLOW
from errtally.rules.alerts.error_budget_exhausted import ERROR_BUDGET_EXHAUSTED
from errtally.rules.alerts.error_rate_anomaly import ERROR_RATE_ANOMALY
from errtally.rules.alerts.error_spike import ERROR_SPIKE
from errtally.rules.alerts.growing_issue import GROWING_ISSUE
from errtally.rules.alerts.high_error_rate import HIGH_ERROR_RATE
from errtally.rules.alerts.ingest_rejected import INGEST_REJECTED
from errtally.rules.alerts.journal_lag import JOURNAL_LAG
from errtally.rules.alerts.memory_usage_critical import MEMORY_USAGE_CRITICAL
from errtally.rules.alerts.new_issue import NEW_ISSUE
from errtally.rules.alerts.project_silent import PROJECT_SILENT
from errtally.rules.alerts.regression import REGRESSION
from errtally.rules.alerts.release_worse import RELEASE_WORSE
from errtally.rules.alerts.response_time_anomaly import RESPONSE_TIME_ANOMALY
from errtally.rules.alerts.response_time_degradation import RESPONSE_TIME_DEGRADATION
from errtally.rules.alerts.series_budget_reached import SERIES_BUDGET_REACHED
from errtally.rules.alerts.store_errors import STORE_ERRORS
from errtally.rules.alerts.store_failing import STORE_FAILING
from errtally.rules.alerts.target_down import TARGET_DOWN
from errtally.rules.alerts.users_affected import USERS_AFFECTED
from errtally.rules.alerts.watchdog import WATCHDOG

ALERTS = (
    HIGH_ERROR_RATE,
    ERROR_RATE_ANOMALY,
    RESPONSE_TIME_DEGRADATION,
    RESPONSE_TIME_ANOMALY,
    APDEX_LOW,
    APDEX_DROPPING,
    NEW_ISSUE,
    REGRESSION,
    GROWING_ISSUE,
    USERS_AFFECTED,
    CRASH_FREE_SESSIONS_LOW,
    CRASH_FREE_USERS_LOW,
    RELEASE_WORSE,
    CHECK_IN_MISSED,
    CHECK_IN_FAILED,
    CIRCUIT_BREAKER_OPEN,
    ERROR_SPIKE,
    PROJECT_SILENT,
    ERROR_BUDGET_BURN,
    ERROR_BUDGET_BURN_SLOW,
    ERROR_BUDGET_EXHAUSTED,
    MEMORY_USAGE_CRITICAL,
    DISK_SPACE_LOW,
    TARGET_DOWN,
    DATA_ABSENT,
    STORE_FAILING,
    STORE_ERRORS,
    JOURNAL_LAG,
    INGEST_REJECTED,
    SERIES_BUDGET_REACHED,
    CLIENTS_DISCARDING,
    WATCHDOG,
)
"""In the order in which the generated files have them."""

__all__ = ["ALERTS"]

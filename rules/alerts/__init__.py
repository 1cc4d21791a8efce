"""The alert rules, one file each; a new one is a new file and a line in `ALERTS`."""

from errtally.rules.alerts.data_absent import DATA_ABSENT
from errtally.rules.alerts.disk_space_low import DISK_SPACE_LOW
from errtally.rules.alerts.high_error_rate import HIGH_ERROR_RATE
from errtally.rules.alerts.memory_usage_critical import MEMORY_USAGE_CRITICAL
from errtally.rules.alerts.new_issue import NEW_ISSUE
from errtally.rules.alerts.response_time_degradation import RESPONSE_TIME_DEGRADATION
from errtally.rules.alerts.store_failing import STORE_FAILING
from errtally.rules.alerts.watchdog import WATCHDOG

ALERTS = (
    HIGH_ERROR_RATE,
    RESPONSE_TIME_DEGRADATION,
    MEMORY_USAGE_CRITICAL,
    DISK_SPACE_LOW,
    NEW_ISSUE,
    DATA_ABSENT,
    STORE_FAILING,
    WATCHDOG,
)
"""In the order in which the generated file has them."""

__all__ = ["ALERTS"]

"""The list of all checks, written out, so that a check is there when it stands here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errtally.analyser.checks.flow.return_in_finally import check as return_in_finally
from errtally.analyser.checks.flow.run_time_assert import check as run_time_assert
from errtally.analyser.checks.handlers import bare_except, interrupt_ignored
from errtally.analyser.checks.handlers.broad_hides import check as broad_hides
from errtally.analyser.checks.handlers.error_ignored import check as error_ignored
from errtally.analyser.checks.handlers.log_and_continue import check as log_and_continue
from errtally.analyser.checks.handlers.lost_cause import check as lost_cause
from errtally.analyser.checks.handlers.swallowed import check as swallowed
from errtally.analyser.checks.logging.console import check as console
from errtally.analyser.checks.logging.exception_missing import check as exception_missing
from errtally.analyser.checks.logging.formatted_error import check as formatted_error
from errtally.analyser.checks.monitoring import no_global_handler, tracker_not_initialised
from errtally.analyser.checks.network.no_timeout import check as no_timeout
from errtally.analyser.checks.promises import (
    async_callback,
    async_for_each,
    emitter_without_error_listener,
    then_without_catch,
)
from errtally.analyser.checks.promises.missing_await import check as missing_await
from errtally.analyser.checks.retry.no_backoff import check as no_backoff
from errtally.analyser.checks.secrets.in_error_message import check as in_error_message
from errtally.analyser.checks.suppressions import unknown_check, without_reason

if TYPE_CHECKING:
    from errtally.analyser.check import Check

CHECKS: tuple[Check, ...] = (
    return_in_finally.CHECK,
    run_time_assert.CHECK,
    bare_except.CHECK,
    broad_hides.CHECK,
    error_ignored.CHECK,
    interrupt_ignored.CHECK,
    log_and_continue.CHECK,
    lost_cause.CHECK,
    swallowed.CHECK,
    console.CHECK,
    exception_missing.CHECK,
    formatted_error.CHECK,
    no_global_handler.CHECK,
    tracker_not_initialised.CHECK,
    no_timeout.CHECK,
    async_callback.CHECK,
    async_for_each.CHECK,
    emitter_without_error_listener.CHECK,
    missing_await.CHECK,
    then_without_catch.CHECK,
    no_backoff.CHECK,
    in_error_message.CHECK,
    unknown_check.CHECK,
    without_reason.CHECK,
)

BY_NAME: dict[str, Check] = {check.name: check for check in CHECKS}

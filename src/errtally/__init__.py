"""errtally: error events in, Prometheus metrics, alerts, dashboards and issue pages out."""

from errtally.client.current import (
    add_breadcrumb,
    capture_exception,
    capture_message,
    close,
    flush,
    request_finished,
)
from errtally.client.scope import (
    new_scope,
    set_extra,
    set_fingerprint,
    set_tag,
    set_tags,
    set_trace,
    set_transaction,
    set_user,
)
from errtally.client.starting import init

__all__ = [
    "add_breadcrumb",
    "capture_exception",
    "capture_message",
    "close",
    "flush",
    "init",
    "new_scope",
    "request_finished",
    "set_extra",
    "set_fingerprint",
    "set_tag",
    "set_tags",
    "set_trace",
    "set_transaction",
    "set_user",
]

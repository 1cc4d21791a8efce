"""Sentry's events, decoded."""

from __future__ import annotations

import json

from tests.exporter.inprocess import NOW

from errtally.exporter.protocols.sentry import event


def decode(sent, **options):
    payload = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    return event.decode(payload, received=NOW, **options)


WHOLE = {
    "event_id": "0" * 31 + "1",
    "timestamp": NOW - 5,
    "level": "warning",
    "platform": "python",
    "logger": "shop",
    "server_name": "web-1",
    "release": "shop@1.2",
    "environment": "staging",
    "transaction": "/cart",
    "culprit": "shop.cart in add",
    "logentry": {"message": "no %s left", "params": ["milk"]},
    "exception": {
        "values": [
            {"type": "KeyError", "value": "'milk'", "mechanism": {"handled": True}},
            {
                "type": "SoldOut",
                "value": "milk",
                "module": "shop.errors",
                "mechanism": {"handled": False, "synthetic": True},
                "stacktrace": {"frames": [{"function": "add", "module": "shop.cart", "lineno": 7, "in_app": True}]},
            },
        ]
    },
    "user": {"id": 7, "email": "a@example.org"},
    "tags": {"a": "b"},
    "fingerprint": ["{{ default }}", 5],
    "contexts": {"trace": {"trace_id": "t" * 32, "span_id": "s" * 16}},
}


def stack(name):
    return {"frames": [{"function": name}]}

"""Fills an exporter with what its pages show: issues of several projects over a month, alerts, decisions, merges."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.flow.exporter import Exporter

JSON = {"Content-Type": "application/json"}
LAYOUTS: dict[str, dict[str, Any]] = {
    "desktop-light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True},
}


def _frame(module: str, function: str, line: int, source: str, *, in_app: bool, **variables: Any) -> dict[str, Any]:
    name = module.replace(".", "/") + ".py"
    return {
        "module": module,
        "filename": name,
        "abs_path": f"/srv/{name}" if in_app else f"/usr/lib/python3/dist-packages/{name}",
        "function": function,
        "lineno": line,
        "in_app": in_app,
        "pre_context": [
            f"def {function}(order, rates):",
            '    """Return the price of an order with tax."""',
            "    total = 0",
        ],
        "context_line": source,
        "post_context": ["        total += price * item.count", "    return total", ""],
        "vars": variables,
    }


def sentry_event(happened: float, number: int, release: str) -> dict[str, Any]:
    """Return an event as an SDK sends it: a chain of two exceptions, breadcrumbs, request, user, contexts."""
    frames = [
        _frame("flask.app", "wsgi_app", 1511, "        response = self.full_dispatch_request()", in_app=False),
        _frame("flask.app", "full_dispatch_request", 919, "        rv = self.handle_user_exception(e)", in_app=False),
        _frame("flask.app", "dispatch_request", 902, "        return view(**args)", in_app=False),
        _frame("shop.views", "checkout", 57, "    price = price_order(order, rates)", in_app=True, order={"id": 77}),
        _frame(
            "shop.orders", "price_order", 31, '        price = rates[item.sku]["price"]', in_app=True,
            order={"id": 77, "items": 3}, rates="<RateTable of 412>", total=0,
        ),
    ]  # fmt: skip
    cause = [
        _frame("redis.connection", "read_response", 512, "        raise ConnectionError(SERVER_CLOSED)", in_app=False),
        _frame("shop.rates", "load", 18, "    raw = cache.get(key)", in_app=True, key="rates:EUR"),
    ]
    return {
        "event_id": f"{number:032x}",
        "timestamp": happened,
        "level": "error",
        "platform": "python",
        "release": release,
        "environment": "staging" if number % 4 == 0 else "production",
        "transaction": "/checkout",
        "server_name": f"web-{number % 3}",
        "logger": "shop.orders",
        "user": {"id": f"u-{number % 9}", "email": f"ann{number % 9}@example.com"},
        "tags": {"browser": ["Firefox", "Chrome", "Safari"][number % 3], "region": "eu-1", "tenant": f"t{number % 11}"},
        "contexts": {
            "trace": {"trace_id": "2aa5e3f9674549a48e2b4aa27225a5b3", "span_id": "b0a3e1d2c4f50617"},
            "runtime": {"name": "CPython", "version": "3.12.4"},
            "os": {"name": "Linux", "version": "6.8"},
        },
        "extra": {"queue_length": 3, "sys.argv": ["gunicorn", "shop:app"]},
        "sdk": {"name": "sentry.python.flask", "version": "2.20.0"},
        "request": {
            "method": "POST",
            "url": "https://shop.example.com/checkout",
            "query_string": "currency=EUR&step=3",
            "headers": {
                "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)",
                "Accept": "text/html",
                "Host": "shop.example.com",
            },
            "data": {"items": [{"sku": "A-17", "count": 3}], "coupon": "SPRING"},
        },
        "breadcrumbs": {
            "values": [
                {
                    "timestamp": happened - 9,
                    "category": "http",
                    "level": "info",
                    "message": "GET /cart",
                    "data": {"status_code": 200},
                },
                {"timestamp": happened - 4, "category": "query", "message": "SELECT * FROM items WHERE cart = %s"},
                {
                    "timestamp": happened - 1,
                    "category": "shop.rates",
                    "level": "warning",
                    "message": "rates are 20 min old",
                },
            ]
        },
        "exception": {
            "values": [
                {
                    "type": "ConnectionError",
                    "value": "Connection closed by server.",
                    "module": "redis.exceptions",
                    "stacktrace": {"frames": cause},
                },
                {
                    "type": "KeyError",
                    "value": "'A-17'",
                    "mechanism": {"type": "flask", "handled": False},
                    "stacktrace": {"frames": frames},
                },
            ]
        },
    }


def envelope(event: dict[str, Any]) -> bytes:
    """Return an envelope with one event."""
    payload = json.dumps(event).encode()
    return b'{}\n{"type":"event","length":' + str(len(payload)).encode() + b"}\n" + payload + b"\n"


def notification(now: float, *alerts: dict[str, Any]) -> bytes:
    """Return what Alertmanager's webhook sends of alerts that fire."""
    return json.dumps(
        {
            "version": "4",
            "externalURL": "http://alertmanager.example.com",
            "alerts": [
                {
                    "status": "firing",
                    "fingerprint": f"{index:016x}",
                    "startsAt": datetime.fromtimestamp(now - 420 * (index + 1), UTC).isoformat(),
                    "generatorURL": "http://prometheus.example.com/graph?g0.expr=up",
                    **alert,
                }
                for index, alert in enumerate(alerts)
            ],
        }
    ).encode()


def fill(exporter: Exporter, headers: dict[str, str] | None = None) -> str:
    """Send everything, decide, merge; return the fingerprint of the issue that has most to show."""
    now = time.time()
    headers = headers or {}
    ages = [26 * 86400, 19 * 86400, 12 * 86400, 3 * 86400, 2 * 86400, 20 * 3600, 11 * 3600, 5 * 3600, 4 * 3600, 900, 40]
    for number, age in enumerate([before for before in ages for _ in range(1 + before % 4)], 1):
        event = sentry_event(now - age, number, "shop@1.4.2" if age > 86400 else "shop@1.5.0")
        _post(exporter, "/api/shop/envelope/", envelope(event), {"X-Sentry-Auth": "Sentry sentry_key=k1"} | headers)
    others = [
        ("shop", "warning", "stock of A-17 is low", None),
        ("shop", "info", "coupon SPRING is used up", None),
        ("mail", "error", "could not deliver to 17 recipients: 421 try again later", "TimeoutError"),
        ("mail", "fatal", "worker lost: signal 9", "WorkerLostError"),
        ("mail", "error", "template 'welcome' has no translation to fi", "LookupError"),
    ]
    for project, level, message, type_ in others:
        body = {"message": message, "level": level, "type": type_, "context": {"release": f"{project}@2"}}
        _post(exporter, f"/api/events?project={project}", json.dumps({"events": [body] * 3}).encode(), JSON | headers)
    commit = {
        "id": "fc1d5b66f6ea",
        "author_name": "Ann",
        "message": "Price by the case",
        "timestamp": "2026-11-20T09:00:00Z",
    }
    told = {"version": "shop@1.5.0", "projects": ["shop"], "ref": "main", "commits": [commit] * 3}
    _post(exporter, "/api/0/organizations/errtally/releases/", json.dumps(told).encode(), JSON | headers)
    deploy = {
        "project": "shop",
        "release": "shop@1.5.0",
        "environment": "production",
        "url": "https://ci.example.com/42",
    }
    _post(exporter, "/api/deploys", json.dumps(deploy).encode(), JSON | headers)
    timings = [{"transaction": "/checkout", "duration_seconds": 0.1 * number, "status": 200} for number in range(1, 12)]
    _post(exporter, "/api/requests?project=shop", json.dumps({"requests": timings}).encode(), JSON | headers)
    exporter.post("/api/events?project=mail", b'{"no": "message"}', JSON | headers)  # refused
    exporter.wait_until_folded()
    found = {issue["title"]: issue for issue in json.loads(exporter.get("/api/issues", headers))["issues"]}
    main = next(issue for title, issue in found.items() if title.startswith("KeyError"))["issue"]
    labels = {"severity": "critical", "project": "shop", "environment": "production"}
    _post(
        exporter,
        "/api/alerts?project=shop",
        notification(
            now,
            {
                "labels": {"alertname": "NewIssue", "issue": main, **labels},
                "annotations": {"summary": "A new error in shop."},
            },
            {
                "labels": {"alertname": "HighErrorRate", **labels, "severity": "warning"},
                "annotations": {"summary": "7.2 % of shop's requests failed within 5 minutes."},
            },
        ),
        JSON | headers,
    )
    _report_jobs(exporter, headers)
    low, used = (
        next(issue["issue"] for title, issue in found.items() if word in title) for word in ("stock", "coupon")
    )
    _post(exporter, f"/api/issues/{used}/merge", json.dumps({"into": low}).encode(), JSON | headers)
    lookup = next(issue["issue"] for title, issue in found.items() if title.startswith("LookupError"))
    _post(exporter, f"/api/issues/{lookup}/ignore", b'{"until_users": 10}', JSON | headers)
    for action in ("resolve", "reopen"):
        _post(exporter, f"/api/issues/{main}/{action}", b"{}", JSON | headers)
    exporter.wait_until_folded()
    return main


def _report_jobs(exporter: Exporter, headers: dict[str, str]) -> None:
    """Report runs of three jobs: one did well, one failed, one runs."""
    hourly = {"schedule": {"type": "interval", "value": 1, "unit": "hour"}, "checkin_margin": 5, "max_runtime": 30}
    nightly = {"schedule": {"type": "crontab", "value": "30 2 * * 1-5"}, "timezone": "Europe/Vienna"}
    for number in range(24):
        status = "error" if number in {7, 8, 19} else "ok"
        told = {"status": status, "monitor_config": hourly, "duration": 40 + 17 * number % 61, "environment": "prod"}
        _post(exporter, "/api/shop/cron/invoices/k1/", json.dumps(told).encode(), JSON | headers)
    for project, job, status in (
        ("mail", "digest", "error"),
        ("shop", "nightly backup of the warehouse", "in_progress"),
    ):
        told = {"status": status, "monitor_config": nightly, "check_in_id": "7" * 32}
        _post(exporter, f"/api/{project}/cron/{job.replace(' ', '%20')}/k1/", json.dumps(told).encode(), JSON | headers)


def _post(exporter: Exporter, path: str, body: bytes, headers: dict[str, str]) -> None:
    status, answer = exporter.post(path, body, headers)
    assert status in {200, 201, 202}, (path, status, answer)

"""errtally: error events in, Prometheus metrics, alerts, dashboards and issue pages out."""

"""The service: takes error events, folds them into issues and counters, and shows them to Prometheus and people."""

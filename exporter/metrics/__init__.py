"""The exposition: what Prometheus scrapes, rendered from the store with cached lines."""

"""HTTP: the fast path for ingest, and the Flask app for everything that people and Prometheus ask for."""

"""The check `retry/no-backoff`, one language a file."""

"""Grouping: a versioned pure function from a scrubbed event to its fingerprint."""

"""Secrets that leave with an error."""

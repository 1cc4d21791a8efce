"""Logs that do not help on the night they are needed."""

"""Loops that try again."""

"""The check `handlers/broad-hides`, one language a file."""

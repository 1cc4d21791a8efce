"""The check `handlers/swallowed`, one language a file."""

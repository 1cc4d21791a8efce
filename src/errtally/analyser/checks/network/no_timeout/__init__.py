"""The check `network/no-timeout`, one language a file."""

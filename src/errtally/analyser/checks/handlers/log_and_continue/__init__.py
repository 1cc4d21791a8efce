"""The check `handlers/log-and-continue`, one language a file."""

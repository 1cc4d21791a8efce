"""The check `logging/formatted-error`, one language a file."""

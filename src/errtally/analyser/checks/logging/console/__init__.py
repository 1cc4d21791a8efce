"""The check `logging/console`, one language a file."""

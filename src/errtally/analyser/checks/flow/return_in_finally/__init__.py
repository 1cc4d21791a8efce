"""The check `flow/return-in-finally`, one language a file."""

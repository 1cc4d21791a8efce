"""Count what each file does about errors, logs and monitoring."""

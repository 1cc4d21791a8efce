"""What the checks know about the syntax of each language."""

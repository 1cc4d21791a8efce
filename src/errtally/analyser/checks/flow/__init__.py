"""Control flow that hides an error or a check."""

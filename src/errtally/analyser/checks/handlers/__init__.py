"""What code does with an error that it caught."""

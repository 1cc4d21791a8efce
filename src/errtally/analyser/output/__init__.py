"""Write a report down, one format a file."""

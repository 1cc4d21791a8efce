"""Assertions that check what a caller handed in, which are gone where assertions are switched off."""

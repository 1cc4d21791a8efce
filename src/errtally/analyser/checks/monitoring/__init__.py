"""Whether anybody hears of an error: checks of the whole tree."""

"""Floor 1: the words and the arithmetic. Imports the standard library only."""

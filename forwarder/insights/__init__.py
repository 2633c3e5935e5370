"""Floor 3: what a creator should change next, and whether it worked."""

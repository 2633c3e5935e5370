"""Floor 4: HTTP to the functions below and back; the only Flask beside the sandbox."""

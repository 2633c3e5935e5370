"""Floor 3: first-party clicks, and audits of the way from a Pin to the shop."""

"""Watch the service itself: what is wrong, since when, who knows, and who is told.

    readings ──> rules ──> states ──> messages
    what the     what is   opened,    e-mail and
    tables say   wrong     resolved   webhook

Rules are pure: readings in, conditions out. A new rule is a function and a line in the
roll of `rules`.
"""

"""Names of people: a platform's one text for the whole name becomes first and last."""

from forwarder.core.reading import text, texts


def parted(name: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return first and last name as fields of `Person`; one word is a first name.

    Limits: parted at the last space, so that of two family names one is left out.
    """
    first_name, space, last_name = (text(name) or "").rpartition(" ")
    return (texts(first_name), texts(last_name)) if space else (texts(last_name), ())

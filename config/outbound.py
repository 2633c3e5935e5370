"""Settings of a webhook that we post ourselves, the same wherever one can be set."""

from collections.abc import Mapping

from config import checks
from config.values import Secret, Told, told


def posted(what: str, example: str) -> Mapping[str, Told]:
    """Return what is told of the address that takes `what`."""
    return told(
        f"An address that takes {what} as a signed webhook (Standard Webhooks). Empty "
        "posts nowhere.",
        example=example,
    )


def signed_with(example: str) -> Mapping[str, Told]:
    """Return what is told of the secret behind those signatures."""
    return told(
        "The secret those webhooks are signed with.",
        unit="whsec_ and base64",
        example=example,
        check=checks.standard_secret,
    )


INSIDE = told(
    "Allow an address in your own network, on any port. Else only the public web is "
    "called."
)
NOWHERE = Secret("")

import os
from base64 import urlsafe_b64decode

import pytest

from forwarder.clicks.token import Ring, ring_of

KEY = b"k" * 32
RING = Ring(keys=[("1", KEY)], workspace="w1")
SIXTEEN = bytes(range(16))


@pytest.mark.parametrize(
    ("workspace", "token"),
    [
        ("w1", "pc1AAECAwQFBgcICQoLDA0OD76fw-c"),
        ("w2", "pc1AAECAwQFBgcICQoLDA0OD0qCJec"),
    ],
)
def test_the_token_of_known_bytes_is_known(workspace: str, token: str) -> None:
    ring = Ring(keys=[("1", KEY)], workspace=workspace)

    assert token == ring.mint(SIXTEEN)
    assert ring.is_ours(token)


def test_a_token_of_another_workspace_is_not_ours() -> None:
    assert not RING.is_ours(Ring(keys=[("1", KEY)], workspace="w2").mint(SIXTEEN))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "pc1AAECAwQFBgcICQoLDA0OD76fw-d",  # another MAC
        "pc2AAECAwQFBgcICQoLDA0OD76fw-c",  # another key
        "pc1AAECAwQFBgcICQoLDA0OD76fw-",
        "pc1AAECAwQFBgcICQoLDA0OD76fw-cc",
        "pc1AAECAwQFBgcICQoLDA0OD76fw+c",
        " pc1AAECAwQFBgcICQoLDA0OD76fw-c",
        "pc1AAECAwQFBgcICQoLDA0OD76fw-c\n",
    ],
)
def test_a_forged_token_is_not_ours(token: str) -> None:
    assert not RING.is_ours(token)


def test_a_flipped_character_is_never_ours() -> None:
    token = RING.mint(SIXTEEN)
    others = [
        token[:place] + letter + token[place + 1 :]
        for place in range(3, 30)
        for letter in "Ab0_"
        if letter != token[place]
    ]

    assert not any(map(RING.is_ours, others))


def test_an_older_key_still_recognises_its_tokens() -> None:
    old = ring_of([("ab000000", KEY)])
    new = ring_of([("cd000000", b"n" * 32), ("ab000000", KEY)])
    token = old.mint(os.urandom(16))

    assert new.is_ours(token)
    assert not old.is_ours(new.mint(SIXTEEN))


def test_two_keys_may_share_their_character() -> None:
    ring = ring_of([("40000000", b"n" * 32), ("80000000", KEY)])

    assert ring.is_ours(ring_of([("80000000", KEY)]).mint(SIXTEEN))


def test_a_token_is_thirty_characters_that_stripe_keeps() -> None:
    token = RING.mint(os.urandom(16))

    assert (30, "pc1") == (len(token), token[:3])
    assert 20 == len(urlsafe_b64decode(token[3:] + "="))

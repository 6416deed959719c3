"""What a beat machine's client is told that asks for an account: what one does here, as the relay's setting has it."""

from typing import Any

import pytest

from relay.core.refusal import Refusal
from relay.features.accounts.api import Registration
from relay.features.passwords.beat_operations import BeatSignIn

NOTHING: Any = None  # any: what these answers do not need


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Registration.CLOSED, "whoever runs this relay for an account"),
        (Registration.INVITE, "for an invite"),
        (Registration.OPEN, "https://relay.example/sign-up"),
    ],
)
async def test_who_wants_an_account_is_told_how_one_comes_to_be(mode: Registration, words: str) -> None:
    paths = BeatSignIn(
        db=NOTHING, passwords=NOTHING, forgotten=NOTHING, registration=mode, base_url="https://relay.example"
    )
    with pytest.raises(Refusal) as refused:
        await paths.register(NOTHING)
    assert refused.value.code == "forbidden" and words in refused.value.next_step

"""Passwords as they are stored and judged."""

import pytest

from relay.core.refusal import Refusal
from relay.features.passwords.hashing import Hashing
from relay.features.passwords.rules import MAX_CHARS, MIN_CHARS, prepared, require_good


async def test_only_the_password_fits_and_nothing_tells_that_nobody_has_one() -> None:
    hashing = Hashing()
    phc = await hashing.hashed(prepared("correct horse"))
    assert (
        phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        and await hashing.hashed(prepared("correct horse")) != phc
    )
    assert await hashing.fits(prepared("correct horse"), phc)
    assert not await hashing.fits(prepared("Correct horse"), phc)
    assert not await hashing.fits(prepared("correct horse"), None)


def test_the_same_letters_from_another_keyboard_are_the_same_password() -> None:
    assert prepared("caf\u00e9 at night") == prepared("cafe\u0301 at night")


@pytest.mark.parametrize("length", [MIN_CHARS, MAX_CHARS])
def test_lengths_up_to_both_bounds_are_taken(length: int) -> None:
    require_good(("night owl " * 20)[:length], "mira")
    with pytest.raises(Refusal):
        require_good("x" * (MIN_CHARS - 1), "mira")

"""The device grant (RFC 8628): codes for people to type, and how often a device may ask. Values only."""

from enum import StrEnum

from msgspec import Struct

USER_CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""20 consonants: no words, nothing that looks like something else (RFC 8628, 6.1); 8 of them are 34.5 bits."""
USER_CODE_LETTERS = 8
GRANT_LIFETIME_US = 600_000_000
INTERVAL_US = 5_000_000
SLOW_DOWN_US = 5_000_000
EARLY_US = 500_000
"""A poll that comes this much too early is the network's doing, not the device's."""
GRACE_US = 60_000_000
"""How long the answer to the poll that got tokens may have been lost, as with a refresh."""
WARNING_US = 5_000_000
"""How long the warning of a strange network stands before a claim is accepted."""


class GrantState(StrEnum):
    """How far a device grant (RFC 8628) is."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


class Polled(Struct, frozen=True, kw_only=True):
    """A grant, as it was when the device asked. polled_us: the poll before, or the beginning."""

    state: GrantState
    interval_us: int
    polled_us: int
    expires_us: int


class PollVerdict(StrEnum):
    """Names are those of the RFC's errors, but for GRANT."""

    GRANT = "grant"
    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"


def judge_poll(grant: Polled, now_us: int, *, answer_may_be_lost: bool = False) -> PollVerdict:
    """The answer to one poll. After SLOW_DOWN the interval is SLOW_DOWN_US longer, for good. [any]

    answer_may_be_lost: nobody has used what the device was given last. Then a grant that was answered within GRACE_US is
    answered again, in place of the first.
    """
    lost = answer_may_be_lost and now_us - grant.polled_us <= GRACE_US
    if now_us >= grant.expires_us or (grant.state is GrantState.USED and not lost):
        return PollVerdict.EXPIRED
    if now_us < grant.polled_us + grant.interval_us - EARLY_US:
        return PollVerdict.SLOW_DOWN
    match grant.state:
        case GrantState.APPROVED | GrantState.USED:
            return PollVerdict.GRANT
        case GrantState.DENIED:
            return PollVerdict.DENIED
        case _:
            return PollVerdict.PENDING


def write_user_code(letters: str) -> str:
    """As people read it: WDJB-MJHT."""
    return f"{letters[:4]}-{letters[4:]}"


def read_user_code(typed: str) -> str | None:
    """The letters of what somebody typed, in any case and with any spacing; None when it cannot be a code."""
    letters = "".join(each for each in typed.upper() if each.isalnum())
    fits = len(letters) == USER_CODE_LETTERS and set(letters) <= set(USER_CODE_ALPHABET)
    return letters if fits else None

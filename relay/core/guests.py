"""How long a guest is kept, and how its token is told from other tokens. Values only."""

from relay.wire.guests import TOKEN_PREFIX as TOKEN_PREFIX

IDLE_DAYS = 90
IDLE_US = IDLE_DAYS * 24 * 3600 * 1_000_000


def is_guest_token(token: str) -> bool:
    """[any]"""
    return token.startswith(TOKEN_PREFIX)


def expires_us(active_us: int) -> int:
    """When all is deleted of a guest that was last here then. [any]"""
    return active_us + IDLE_US

"""What the operator's commands may ask of passwords."""

from relay.features.passwords.operations import JOIN, RESET
from relay.features.passwords.store import (
    MAX_LISTED,
    RESET_US,
    Invite,
    User,
    add_invite,
    add_reset,
    has_password,
    invites,
    revoke_invite,
    users,
)

__all__ = [
    "MAX_LISTED",
    "RESET_US",
    "Invite",
    "User",
    "add_invite",
    "add_reset",
    "has_password",
    "invites",
    "join_path",
    "reset_path",
    "revoke_invite",
    "users",
]


def join_path(secret: str) -> str:
    """Of the page that an invite's link opens. [any]"""
    return f"{JOIN}/{secret}"


def reset_path(secret: str) -> str:
    """Of the page on which a new password is set. [any]"""
    return f"{RESET}/{secret}"

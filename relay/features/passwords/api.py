"""What the operator's commands may ask of passwords."""

from relay.features.passwords.operations import JOIN, RESET
from relay.features.passwords.store import (
    MAX_LISTED,
    RESET_US,
    User,
    add_reset,
    has_password,
    users,
)

__all__ = [
    "MAX_LISTED",
    "RESET_US",
    "User",
    "add_reset",
    "has_password",
    "join_path",
    "reset_path",
    "users",
]


def join_path(secret: str) -> str:
    """Of the page that an invite's link opens. [any]"""
    return f"{JOIN}/{secret}"


def reset_path(secret: str) -> str:
    """Of the page on which a new password is set. [any]"""
    return f"{RESET}/{secret}"

"""How often one account or address may do something: kinds of action and their numbers. Where they are counted is the
engine's business.
"""

from enum import StrEnum

from relay.core.buckets import Limit

_MINUTE_US = 60_000_000


class Kind(StrEnum):
    READ = "read"
    WRITE = "write"
    UPLOAD = "upload"
    CHUNK = "chunk"
    MEDIA = "media"
    SIGN_UP = "sign_up"
    CLAIM = "claim"
    TOKEN = "token"
    GRANT = "grant"
    STRANGER = "stranger"
    SOCKET = "socket"


LIMITS = {
    Kind.READ: Limit(300, 5 * _MINUTE_US),
    Kind.WRITE: Limit(100, 60 * _MINUTE_US),
    Kind.UPLOAD: Limit(20, 60 * _MINUTE_US),
    Kind.CHUNK: Limit(6_000, 5 * _MINUTE_US),  # 50 MiB on a line that breaks all the time are 3,200 parts
    Kind.MEDIA: Limit(600, 5 * _MINUTE_US),
    Kind.SIGN_UP: Limit(5, 30 * _MINUTE_US),  # accounts that did not exist before
    Kind.CLAIM: Limit(
        30, 30 * _MINUTE_US
    ),  # one claim may register, sign in and show a code; people try again
    Kind.TOKEN: Limit(30, 5 * _MINUTE_US),
    Kind.GRANT: Limit(150, 5 * _MINUTE_US),  # a device that waits for its code asks 60 times in 5 minutes
    Kind.STRANGER: Limit(300, 5 * _MINUTE_US),  # tokens end, and a whole office may be one address
    Kind.SOCKET: Limit(120, 5 * _MINUTE_US),  # ten devices of one account on a line that breaks all the time
}
BY_ADDRESS = frozenset({Kind.SIGN_UP, Kind.CLAIM, Kind.TOKEN})
"""Counted by address even for somebody signed in."""

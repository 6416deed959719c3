"""How often one account or address may do something: kinds of action and their numbers. Where they are counted is the
engine's business.
"""

from enum import StrEnum

from msgspec import Struct

from relay.core.buckets import Limit

_MINUTE_US = 60_000_000


class Kind(StrEnum):
    """What is counted together, so that one use cannot starve another."""

    READ = "read"
    WRITE = "write"
    SAVE = "save"
    COMMENT = "comment"
    UPLOAD = "upload"
    CHUNK = "chunk"
    MEDIA = "media"
    SIGN_UP = "sign_up"
    CLAIM = "claim"
    PASSWORD = "password"
    MAIL = "mail"
    TOKEN = "token"
    GRANT = "grant"
    STRANGER = "stranger"
    SOCKET = "socket"
    REPORT = "report"
    LIBRARY = "library"
    MIGRATE = "migrate"
    LISTEN = "listen"
    SEPARATE = "separate"


LIMITS = {
    Kind.READ: Limit(300, 5 * _MINUTE_US),
    Kind.WRITE: Limit(100, 60 * _MINUTE_US),
    Kind.SAVE: Limit(600, 60 * _MINUTE_US),  # the studio saves by itself, some seconds after a change
    Kind.LIBRARY: Limit(1_000, 60 * _MINUTE_US),  # of a music playground, which reads what is its own
    Kind.MIGRATE: Limit(1, 60 * _MINUTE_US),  # what has been brought before does not count
    Kind.LISTEN: Limit(60, 60 * _MINUTE_US),  # jobs of what is here already
    Kind.SEPARATE: Limit(10, 60 * _MINUTE_US),
    Kind.COMMENT: Limit(30, 5 * _MINUTE_US),
    Kind.REPORT: Limit(20, 24 * 60 * _MINUTE_US),
    Kind.UPLOAD: Limit(20, 60 * _MINUTE_US),
    Kind.CHUNK: Limit(6_000, 5 * _MINUTE_US),  # 50 MiB on a line that breaks all the time are 3,200 parts
    Kind.MEDIA: Limit(600, 5 * _MINUTE_US),
    Kind.SIGN_UP: Limit(5, 30 * _MINUTE_US),  # accounts that did not exist before
    Kind.CLAIM: Limit(
        30, 30 * _MINUTE_US
    ),  # one claim may register, sign in and show a code; people try again
    Kind.PASSWORD: Limit(10, 10 * _MINUTE_US),  # tries of one name from one network
    Kind.MAIL: Limit(
        5, 60 * _MINUTE_US
    ),  # letters to one account, and to one address, that anybody can ask for
    Kind.TOKEN: Limit(30, 5 * _MINUTE_US),
    Kind.GRANT: Limit(150, 5 * _MINUTE_US),  # a device that waits for its code asks 60 times in 5 minutes
    Kind.STRANGER: Limit(300, 5 * _MINUTE_US),  # tokens end, and a whole office may be one address
    Kind.SOCKET: Limit(120, 5 * _MINUTE_US),  # ten devices of one account on a line that breaks all the time
}
BY_ADDRESS = frozenset({Kind.SIGN_UP, Kind.CLAIM, Kind.TOKEN})
"""Counted by address even for somebody signed in."""


class Open(StrEnum):
    """What stays open, and takes something up while it does."""

    CONNECTION = "connection"
    TRANSFER = "transfer"
    SOCKET = "socket"


class Most(Struct, frozen=True, kw_only=True):
    """How many may be open at once: of one address, and of the network around it."""

    of_address: int
    of_network: int

    def times(self, factor: int) -> "Most":
        return Most(of_address=self.of_address * factor, of_network=self.of_network * factor)


AT_ONCE = {
    Open.CONNECTION: Most(
        of_address=256, of_network=1_024
    ),  # an office behind one address, sockets and browsers
    Open.TRANSFER: Most(of_address=32, of_network=256),  # audio on its way out, or in
    Open.SOCKET: Most(of_address=128, of_network=512),
}
"""An address: `places.counted_as`; a network: `places.neighbourhood_of`, /24 or /48."""

"""Rate limits in memory: one bucket per kind of action and account or address. A restart forgives everybody."""

from collections import OrderedDict
from enum import StrEnum

from relay.core.buckets import Bucket, Limit, Spent, full, spend
from relay.core.refusal import Refusal

MAX_BUCKETS = 50_000
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
    WRONG_CODE = "wrong_code"
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
    ),  # one claim may register, sign in and show a code; and people try again
    Kind.TOKEN: Limit(30, 5 * _MINUTE_US),
    Kind.GRANT: Limit(150, 5 * _MINUTE_US),  # a device that waits for its code asks 60 times in 5 minutes
    Kind.WRONG_CODE: Limit(5, 10 * _MINUTE_US),  # 34.5 bits hold against nothing else
    Kind.STRANGER: Limit(300, 5 * _MINUTE_US),  # tokens end, and a whole office may be one address
    Kind.SOCKET: Limit(120, 5 * _MINUTE_US),  # ten devices of one account on a line that breaks all the time
}
_NEVER_MORE = (Kind.WRONG_CODE,)


class Throttle:
    """factor: how many times the limits; a relay for development has more. [loop]"""

    def __init__(self, factor: int) -> None:
        self._limits = {
            kind: limit if kind in _NEVER_MORE else limit.times(factor) for kind, limit in LIMITS.items()
        }
        self._buckets: OrderedDict[tuple[Kind, str], Bucket] = OrderedDict()

    def limit(self, kind: Kind) -> Limit:
        return self._limits[kind]

    def has_left(self, kind: Kind, who: str, now_us: int) -> bool:
        """Whether `spend` would be allowed; takes nothing."""
        limit = self._limits[kind]
        return spend(self._buckets.get((kind, who)) or full(limit, now_us), limit, now_us).allowed

    def require(self, kind: Kind, who: str, now_us: int, too_many: str) -> Spent:
        """Spend, or raise Refusal: rate_limited, with the sentence `too_many`."""
        spent = self.spend(kind, who, now_us)
        if not spent.allowed:
            raise Refusal("rate_limited", too_many, "Wait, then go on.", retry_after_s=spent.retry_after_s)
        return spent

    def spend(self, kind: Kind, who: str, now_us: int) -> Spent:
        """who: an account id or an address."""
        key, limit = (kind, who), self._limits[kind]
        spent = spend(self._buckets.get(key) or full(limit, now_us), limit, now_us)
        self._buckets[key] = spent.bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:  # the longest unused has refilled most
            self._buckets.popitem(last=False)
        return spent

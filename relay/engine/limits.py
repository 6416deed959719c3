"""Rate limits of all processes of a relay: each counts for itself, and tells the others what was spent.

A limit is exact but for what the others let through in one BATCH_S and the way over the wire; it is paid back, because
what was spent too much is a debt of the bucket. Without a wire each process counts alone. A restart forgives everybody.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from relay.core.buckets import Bucket, Limit, Spent, full, go_on_in, spend
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.engine.bus.door import Bus

log = logging.getLogger("relay")

TOPIC = "limits"
BATCH_S = 0.02
"""What is spent waits at most so long to be told. Its price: 50 messages a second when all is busy."""
BATCH_COUNT = 1000
"""Counts in one message."""
MAX_BUCKETS = 50_000
MAX_DEBT = 8
"""A bucket owes at most so many times its limit: as much as nine processes can let through at once."""


class Count(Struct, frozen=True, array_like=True):
    """who: an account or an address, of whom `count` actions were allowed. kind: a Kind, or one of a newer relay beside us."""

    kind: str
    who: str
    count: int


_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[Count])


class SharedLimits:
    """limits: by kind of action. clock: microseconds since 1970. [loop]"""

    def __init__(self, bus: Bus, limits: Mapping[Kind, Limit], clock: Callable[[], int]) -> None:
        self._bus = bus
        self._limits = limits
        self._clock = clock
        self._buckets: OrderedDict[tuple[Kind, str], Bucket] = OrderedDict()
        self._untold: dict[tuple[Kind, str], int] = {}
        self._telling: asyncio.TimerHandle | None = None
        bus.listen(TOPIC, self._heard, _nothing)

    def limit(self, kind: Kind) -> Limit:
        return self._limits[kind]

    def require(self, kind: Kind, who: str, now_us: int, too_many: str) -> Spent:
        """Spend, or raise Refusal: rate_limited, with the sentence `too_many`."""
        spent = self.spend(kind, who, now_us)
        if not spent.allowed:
            next_step = go_on_in(spent.retry_after_s)
            raise Refusal("rate_limited", too_many, next_step, retry_after_s=spent.retry_after_s)
        return spent

    def spend(self, kind: Kind, who: str, now_us: int) -> Spent:
        """Take one, and decide at once: between the question and the answer nobody else is asked."""
        spent = spend(self._bucket(kind, who, now_us), self._limits[kind], now_us)
        self._keep((kind, who), spent.bucket)
        if spent.allowed:
            self._untold[kind, who] = self._untold.get((kind, who), 0) + 1
            if self._telling is None:
                self._telling = asyncio.get_running_loop().call_later(BATCH_S, self.tell)
        return spent if spent.remaining >= 0 else replace(spent, remaining=0)

    def tell(self) -> None:
        """What was spent since, to the others. Called by itself within BATCH_S."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        counts = [Count(kind, who, count) for (kind, who), count in self._untold.items()]
        self._untold.clear()
        for at in range(0, len(counts), BATCH_COUNT):
            self._bus.publish(TOPIC, _encode(counts[at : at + BATCH_COUNT]))

    def _heard(self, data: bytes) -> None:
        try:
            counts = _decoder.decode(data)
        except msgspec.DecodeError as error:
            log.warning("counts of limits cannot be read: %s", error)
            return
        now_us = self._clock()
        for each in counts:
            if each.kind in self._limits and each.count > 0:
                self._take(Kind(each.kind), each, now_us)

    def _take(self, kind: Kind, each: Count, now_us: int) -> None:
        limit = self._limits[kind]
        bucket = self._bucket(kind, each.who, now_us)
        refilled = min(
            float(limit.count),
            bucket.level + max(0, now_us - bucket.at_us) * limit.count / limit.window_us,
        )
        level = max(refilled - each.count, -float(MAX_DEBT * limit.count))
        self._keep((kind, each.who), Bucket(level, max(now_us, bucket.at_us)))

    def _bucket(self, kind: Kind, who: str, now_us: int) -> Bucket:
        return self._buckets.get((kind, who)) or full(self._limits[kind], now_us)

    def _keep(self, key: tuple[Kind, str], bucket: Bucket) -> None:
        self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_BUCKETS:  # the longest unused has refilled most
            self._buckets.popitem(last=False)


def _nothing() -> None:
    """A wire that is there again: what was spent without it is not told any more, it refills."""

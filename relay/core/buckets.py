"""Token buckets: how often one account or address may do something. Values only; where they are kept is not said."""

from msgspec import Struct


class Limit(Struct, frozen=True):
    """count actions per window; count is also the burst."""

    count: int
    window_us: int

    def times(self, factor: int) -> "Limit":
        return Limit(self.count * factor, self.window_us)


class Bucket(Struct, frozen=True):
    """level: actions left at at_us, fractional while it refills."""

    level: float
    at_us: int


class Spent(Struct, frozen=True, kw_only=True):
    """retry_after_s: 0 when allowed. reset_s: until the bucket is full again."""

    allowed: bool
    bucket: Bucket
    remaining: int
    reset_s: int
    retry_after_s: int


def full(limit: Limit, now_us: int) -> Bucket:
    return Bucket(float(limit.count), now_us)


def spend(bucket: Bucket, limit: Limit, now_us: int) -> Spent:
    """Take one. Time that runs backwards refills nothing. [any]"""
    elapsed_us = max(0, now_us - bucket.at_us)
    level = min(float(limit.count), bucket.level + elapsed_us * limit.count / limit.window_us)
    allowed = level >= 1.0
    left = level - 1.0 if allowed else level
    us_per_action = limit.window_us / limit.count
    return Spent(
        allowed=allowed,
        bucket=Bucket(left, now_us),
        remaining=int(left),
        reset_s=_seconds_up((limit.count - left) * us_per_action),
        retry_after_s=0 if allowed else max(1, _seconds_up((1.0 - left) * us_per_action)),
    )


def go_on_in(retry_after_s: int) -> str:
    """The next step of who was refused. [any]"""
    if retry_after_s >= 90:
        return f"Go on in {-(-retry_after_s // 60)} minutes."
    return "Go on in a second." if retry_after_s == 1 else f"Go on in {retry_after_s} seconds."


def _seconds_up(us: float) -> int:
    return -(-int(us) // 1_000_000)

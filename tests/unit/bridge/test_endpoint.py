import os
import subprocess
import sys

from bridge.endpoint import BURST, MESSAGES_PER_S, TokenBucket


def test_the_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    bucket = TokenBucket(0)
    assert sum(bucket.take(0) for _ in range(BURST + 100)) == BURST
    passed = sum(bucket.take(at_us) for at_us in range(0, 10_000_000, 1_000))
    assert abs(passed - 10 * MESSAGES_PER_S) <= 1


def test_the_bucket_never_holds_more_than_a_burst() -> None:
    bucket = TokenBucket(0)
    assert sum(bucket.take(3_600_000_000) for _ in range(BURST + 1)) == BURST


def test_the_client_is_light_to_import() -> None:
    """The command line starts with it: no loop, no arrays, no daemon."""
    heavy = ("asyncio", "numpy", "zmq.asyncio", "daemon", "bridge.shm", "bridge.endpoint")
    code = f"import sys, bridge.client; print([m for m in {heavy!r} if m in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert found.stdout.strip() == "[]"

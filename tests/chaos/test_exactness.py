"""Events counted: three relay processes, one killed, one frozen, PostgreSQL crashing; nothing is lost, nothing comes twice.

`make soak` counts 50,000.
"""

import os
from pathlib import Path

import pytest

from tests.chaos import exactness

SOAK = bool(os.environ.get("SIDECHAIN_SOAK"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261129"))
EVENTS = 50_000 if SOAK else 1_500


@pytest.mark.slow
@pytest.mark.timeout(3_600 if SOAK else 900)
def test_followers_that_reconnect_all_the_time_apply_each_event_once(tmp_path: Path) -> None:
    counted = exactness.run(EVENTS, SEED, tmp_path)
    print(f"\nseed={SEED}: {counted}")
    assert (counted.lost, counted.doubled, counted.needless_gaps) == (0, 0, 0), counted
    assert counted.events >= EVENTS
    assert len(counted.faults) >= exactness.FAULT_KINDS - 1, counted  # the last may be under way still
    assert counted.connects >= 5 * exactness.FOLLOWERS

"""A short chaos run: everything real, one thing after another broken, and the judge's six lines at the end.

`make chaos` is the long one, with a new seed each time; a run that it condemned is replayed by its seed.
"""

import itertools
import os
from pathlib import Path

import pytest

from tests.chaos.disks import no_fuse
from tests.chaos.plan import ALONE, FAULTS, MOMENTS_S, Round, rounds, together
from tests.chaos.soak import run, verdict
from tests.support.native import build

SEED = int(os.environ.get("SIDECHAIN_SEED", "20261121"))
ROUNDS = int(os.environ.get("SIDECHAIN_ROUNDS", "10"))


@pytest.mark.timeout(3_600)
async def test_whatever_breaks_all_six_invariants_hold(tmp_path: Path) -> None:
    build()
    have = () if no_fuse() else ("disk",)
    await run(SEED, itertools.islice(rounds(SEED, have), ROUNDS), tmp_path, with_keyring=False)
    code, words = verdict(tmp_path)
    print(f"\nrounds={ROUNDS} seed={SEED}\n{words}")
    assert code == 0, f"seed {SEED}; the history is in {tmp_path}\n{words}"


def some(seed: int, count: int = 60, have: tuple[str, ...] = ("disk", "keyring")) -> list[Round]:
    return list(itertools.islice(rounds(seed, have), count))


def test_the_same_seed_plans_the_same_and_another_does_not() -> None:
    assert some(1) == some(1) != some(2)


def test_every_fault_comes_before_any_comes_again() -> None:
    names = [fault.name for each in some(3) for fault in each.faults]
    assert set(names[: len(FAULTS)]) == set(FAULTS)


def test_what_cannot_be_had_is_not_planned() -> None:
    names = {fault.name for each in some(4, have=()) for fault in each.faults}
    assert names == {name for name, (_, needs) in FAULTS.items() if not needs}


def test_a_round_breaks_no_more_than_can_be_told_apart() -> None:
    for each in some(5):
        assert 1 <= len(each.faults) <= 2 and each.asks
        assert all(0 <= step.at_s <= MOMENTS_S for step in (*each.faults, *each.asks))
        about = {FAULTS[fault.name][0] for fault in each.faults}
        assert len(about) == len(each.faults) and (len(about) == 1 or not about & ALONE)
    assert not together("kill daemon", "power cut") and not together("disk full", "power cut")


def test_titles_and_numbers_are_given_once() -> None:
    asks = [ask for each in some(6) for ask in each.asks]
    assert len({ask.title for ask in asks}) == len({ask.number for ask in asks}) == len(asks)

"""A plugin whose Ring was removed goes on in a copy of it: what both journals hold is told once, kept once and discarded at once."""

import numpy as np
import pytest

from bridge.shm import RingFile
from daemon.config import Config
from daemon.events import Bus
from daemon.features.history.journal import Journal
from daemon.features.history.listing import heard_in
from daemon.features.history.recovering import Recovering
from daemon.rings.journal_folder import JournalFolder
from tests.support.journals import CAPACITY, RATE_HZ, Played
from tests.support.ringfile import RingWriter


def move(config: Config, played: Played) -> None:
    """To another Ring, which is empty yet."""
    old = played.instance.ring
    assert old is not None
    played.ring = RingWriter(config.run, capacity_frames=CAPACITY, instance_id=old.header.instance_id)
    played.instance.ring = RingFile.open(config.run, played.ring.segment)
    old.close()


async def listed(journal: Journal) -> list[tuple[int, int]]:
    found = await journal.do(heard_in, JournalFolder(journal.folder), journal.recovered)
    return sorted((one.found.stretch.first_frame, one.found.stretch.end_frame) for one in found)


async def test_what_a_copied_ring_repeats_is_told_once_and_goes_at_once(
    config: Config, journal: Journal, played: Played
) -> None:
    played.play(3.0)
    await journal.do(journal.look, [played.instance])
    played.ring.close()
    await journal.do(journal.look, [played.instance])
    move(config, played)
    played.play(4.0)  # the first three seconds are those of before, under their numbers
    await journal.do(journal.look, [played.instance])
    assert await listed(journal) == [(0, 4 * RATE_HZ)]
    played.ring.die()
    await journal.do(journal.look, [played.instance])
    (one,) = journal.recovered
    assert (one.seconds, [each.seconds for each in one.repeats]) == (4.0, [3.0]) and len(journal.news()) == 1
    assert await listed(journal) == [(0, 4 * RATE_HZ)]
    recovering = Recovering(config, journal, takes=None, bus=Bus())  # type: ignore[arg-type]  # nothing is kept here
    await recovering.discard(one.stretch_id)
    assert not journal.recovered and await listed(journal) == []
    assert not [path for path in journal.folder.iterdir() if path.is_dir()], "both copies are gone"


@pytest.mark.parametrize("differs", ["all of it", "its beginning"])
async def test_another_sound_at_the_same_frames_is_no_repeat(
    config: Config, journal: Journal, played: Played, differs: str
) -> None:
    played.play(3.0)
    await journal.do(journal.look, [played.instance])
    played.ring.close()
    await journal.do(journal.look, [played.instance])
    move(config, played)
    other_s = 3.0 if differs == "all of it" else 1.0
    played.ring.write(np.full((int(other_s * RATE_HZ), 2), 0.25, np.float32))
    played.play(4.0 - other_s)
    await journal.do(journal.look, [played.instance])
    assert await listed(journal) == [(0, 3 * RATE_HZ), (0, 4 * RATE_HZ)]


async def test_what_only_the_first_ring_had_is_told_up_to_where_the_other_begins(
    config: Config, journal: Journal, played: Played
) -> None:
    for _ in range(8):
        played.play(1.0)
        await journal.do(journal.look, [played.instance])
    played.ring.close()
    await journal.do(journal.look, [played.instance])
    move(config, played)
    played.play(9.0)  # more than a Ring holds
    await journal.do(journal.look, [played.instance])
    first, second = await listed(journal)
    assert first == (0, second[0]) and second[1] == 9 * RATE_HZ and 3 * RATE_HZ < second[0] < 4 * RATE_HZ
    played.ring.die()
    await journal.do(journal.look, [played.instance])
    assert sum(one.stretch.end_frame - one.stretch.first_frame for one in journal.recovered) == 9 * RATE_HZ

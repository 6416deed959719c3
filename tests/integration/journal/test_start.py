"""What lies on the disk when the daemon starts: whose it was, how that one ended, and what cannot be read."""

import shutil
from pathlib import Path

import msgspec
import pytest

from daemon.config import Config
from daemon.core.journal import pack_origin, unpack_origin
from daemon.features.history.journal import Journal
from daemon.rings.journal_files import MARK
from tests.support.journals import RATE_HZ, Played, again, folder_of, is_true


@pytest.mark.parametrize("end", ["die", "close"])
async def test_who_ended_while_no_daemon_ran_is_judged_by_the_ring_it_left(
    config: Config, played: Played, end: str
) -> None:
    played.play(2.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    played.play(0.5)
    getattr(played.ring, end)()
    then = again(config)
    (one,) = then.recovered
    if end == "close":
        assert one.why == "closed" and not then.waiting()
        assert is_true(one.folder, played.ring) == [(0, 2 * RATE_HZ)], "a Ring that was closed is gone"
    else:
        assert one.seconds == 2.5, "also what only the Ring still held"
        assert is_true(one.folder, played.ring) == [(0, played.ring.commit)]
    then.close()
    third = again(config)
    assert len(third.recovered) == len(then.recovered), "and it is said again at each start"
    third.close()


async def test_a_ring_that_no_daemon_ever_saw_is_saved_too(config: Config, played: Played) -> None:
    played.play(2.5)
    played.ring.die()
    found = again(config)
    (one,) = found.recovered
    assert (one.seconds, one.host_name) == (2.5, "a plugin")
    found.close()


async def test_after_a_start_of_the_machine_what_is_left_is_offered(config: Config, played: Played) -> None:
    played.play(3.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    folder = folder_of(first)
    for path in folder.glob("*.sdj"):
        data = path.read_bytes()
        origin, at = unpack_origin(data)
        path.write_bytes(pack_origin(msgspec.structs.replace(origin, boot_id="the start before")) + data[at:])
    played.ring.close()
    then = again(config)
    (one,) = then.recovered
    assert one.why == "machine"
    assert then.news() == [
        "Recovered: 3 s from Test Host, right before the session or the computer went down."
    ]
    then.close()


@pytest.mark.parametrize("ended", [True, False])
async def test_a_session_that_goes_down_takes_the_run_folder_along_and_not_the_sound(
    config: Config, played: Played, ended: bool
) -> None:
    """A display server that crashes logs out: host and daemon are killed, and /run/user/UID is removed."""
    played.play(3.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    played.ring.close()
    if ended:
        shutil.rmtree(config.run)
        config.run.mkdir(mode=0o700)
    then = again(config)
    assert [one.why for one in then.recovered] == ["machine" if ended else "closed"]
    assert [one.seconds for one in then.waiting()] == ([3.0] if ended else []), "a close in peace is no news"
    then.close()


async def test_an_unreadable_journal_is_left_alone_and_stops_nothing(config: Config, played: Played) -> None:
    played.play(3.0)
    first = again(config)
    first.look([played.instance])
    first.close()
    strange = first.folder / "strange"
    strange.mkdir()
    (strange / "00000001.sdj").write_bytes(b"SDCJRNL\n" + bytes(100))
    (folder_of_instance(first, played) / MARK).write_bytes(b"{")
    played.ring.die()
    then = again(config)
    assert len(then.recovered) == 1 and strange.exists()
    then.close()


def folder_of_instance(journal: Journal, played: Played) -> Path:
    (folder,) = journal.folder.glob(f"{played.instance.name}-*")
    return folder

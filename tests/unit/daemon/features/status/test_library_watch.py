"""A library whose file is removed under the daemon loses nothing."""

import shutil
from pathlib import Path

import pytest

from daemon.core.deeds import Deed, DeedKind
from daemon.errors import LibraryStuck
from daemon.events import Bus, DiskTroubled
from daemon.features.status.library_watch import LibraryWatch
from daemon.library.store import Store

FOLLOW = Deed(kind=DeedKind.FOLLOW, object="ana", on=True)


def folder_of_takes(tmp_path: Path) -> Path:
    made = tmp_path / "takes"
    made.mkdir()
    return made


async def test_what_was_in_it_and_what_comes_afterwards_is_there_for_the_next_daemon(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite3"
    store, bus, told = Store(path), Bus(), list[object]()
    bus.on(DiskTroubled, told.append)
    watch = LibraryWatch(store, folder_of_takes(tmp_path), bus)
    await store.run(Store.add_deed, "owl", FOLLOW)
    await watch.look()
    assert told == []
    path.unlink()
    await store.run(Store.set_facts, {"account": "owl"})
    await watch.look()
    assert len(told) == 1 and path.stat().st_mode & 0o777 == 0o600
    await watch.look()
    assert len(told) == 1
    await store.run(Store.add_deed, "owl", FOLLOW)
    store.close()
    then = Store(path)
    then.check()
    assert then.count_deeds("owl") == 1 and then.facts() == {"account": "owl"}
    then.close()
    assert {each.name for each in tmp_path.iterdir()} == {path.name, "takes"}


async def test_without_its_folder_it_is_told_and_goes_on_as_soon_as_there_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    store = Store(folder / "library.sqlite3")
    watch = LibraryWatch(store, folder_of_takes(tmp_path), Bus())
    await store.run(Store.set_facts, {"account": "owl"})
    shutil.rmtree(folder)
    with pytest.raises(LibraryStuck, match="was removed and cannot be written again: no such file"):
        await watch.look()
    folder.mkdir()
    await watch.look()
    store.close()
    then = Store(folder / "library.sqlite3")
    assert then.facts() == {"account": "owl"}
    then.close()


async def test_the_folder_of_the_takes_is_made_again_and_that_is_told(tmp_path: Path) -> None:
    takes_dir, bus, told = folder_of_takes(tmp_path), Bus(), list[DiskTroubled]()
    bus.on(DiskTroubled, told.append)
    store = Store(tmp_path / "library.sqlite3")
    watch = LibraryWatch(store, takes_dir, bus)
    await watch.look()
    assert told == []
    takes_dir.rmdir()
    await watch.look()
    await watch.look()
    assert takes_dir.stat().st_mode & 0o777 == 0o700
    assert [str(takes_dir) in each.sentence for each in told] == [True]
    store.close()

"""The folder of links: made, renamed and removed with the Takes; and nothing that a person put there is touched."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from bridge.system import make_link
from daemon.config import Config
from daemon.events import Bus, LinkedFolderTroubled
from daemon.features.linked_folder.linked_folder import NOTE, LinkedFolder
from daemon.library.store import Store
from daemon.library.takes import Takes
from tests.support.deadlines import HANG_S
from tests.support.takes import publish, take

FRAMES = 480


class Shelf:
    """A library, and a linked folder that is brought up to date when asked."""

    def __init__(self, home: Path, linked: Path | None) -> None:
        self.home = home
        self.linked = linked
        self.config = Config(data_dir=str(home), run_dir=str(home), linked_folder=str(linked or ""))
        self.store = Store(home / "library.sqlite3")
        self.bus = Bus()
        self.takes = Takes(self.config, self.store, self.bus)
        self.told: asyncio.Queue[str] = asyncio.Queue()
        self.bus.on(LinkedFolderTroubled, lambda event: self.told.put_nowait(event.sentence))

    def keep(self, number: int, title: str) -> None:
        row = take(number, frames=FRAMES, title=title)
        publish(self.takes.folder, row, np.full((FRAMES, 2), number / 10, np.float32))
        self.store.add_take(row)

    def links(self) -> dict[str, str]:
        """The number of the Take that each link to a sound leads to; "" where it is there no more."""
        assert self.linked
        return {path.name: self._number(path) for path in self.linked.iterdir() if leads_to_sound(path)}

    def _number(self, path: Path) -> str:
        return next(
            (each.name.lstrip("0") for each in self.takes.folder.iterdir() if same_sound(path, each)), ""
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(LinkedFolder(self.config, self.store, self.bus).run())
        try:
            assert await self.up_to_date() == ""
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self.store.close()

    async def up_to_date(self) -> str:
        async with asyncio.timeout(HANG_S):
            return await self.told.get()


def leads_to_sound(path: Path) -> bool:
    return not path.exists() or path.read_bytes()[:4] == b"RIFF"


def same_sound(path: Path, folder: Path) -> bool:
    sound = folder / "take.wav"
    return path.exists() and sound.exists() and path.samefile(sound)


async def test_links_follow_the_takes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, tmp_path / "music" / "Sidechain")
    for number, title in ((1, "Lead"), (2, "lead"), (3, "AC/DC")):
        shelf.keep(number, title)
    async with shelf.running():
        assert shelf.links() == {"Lead.wav": "1", "lead (2).wav": "2", "AC-DC.wav": "3"}
        assert (shelf.linked / "Lead.wav").read_bytes() == (
            shelf.takes.folder / f"{1:032x}" / "take.wav"
        ).read_bytes()
        await shelf.takes.rename(f"{1:032x}", "Bass")
        await shelf.up_to_date()
        assert shelf.links() == {"Bass.wav": "1", "lead (2).wav": "2", "AC-DC.wav": "3"}
        await shelf.takes.discard(f"{3:032x}")
        await shelf.up_to_date()
        assert shelf.links() == {"Bass.wav": "1", "lead (2).wav": "2"}
        await shelf.takes.restore("last")
        while (await shelf.up_to_date(), shelf.links().get("AC-DC.wav"))[1] is None:
            pass
        await shelf.takes.delete(f"{2:032x}")
        await shelf.up_to_date()
        assert shelf.links() == {"Bass.wav": "1", "AC-DC.wav": "3"}


async def test_what_a_person_put_there_stays_whatever_it_is_called(tmp_path: Path) -> None:
    linked = tmp_path / "mine"
    linked.mkdir()
    mine = {"Lead.wav": "my own", "notes.txt": "x", "drums.wav": "y"}
    for name, text in mine.items():
        (linked / name).write_text(text)
    make_link(linked / "notes.txt", linked / "theirs.wav")
    shelf = Shelf(tmp_path, linked)
    shelf.keep(1, "Lead")
    shelf.keep(2, "Pad")
    async with shelf.running():
        assert shelf.links() == {"Lead (2).wav": "1", "Pad.wav": "2"}
        (linked / "Pad.wav").unlink()
        (linked / "Pad.wav").write_text("a file in the place of the link")
        await shelf.takes.delete(f"{2:032x}")
        await shelf.up_to_date()
        await shelf.takes.delete(f"{1:032x}")
        await shelf.up_to_date()
    assert {path.name for path in linked.iterdir()} == {*mine, "theirs.wav", "Pad.wav"}
    assert all((linked / name).read_text() == text for name, text in mine.items())


async def test_another_folder_and_none_take_the_links_along(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    shelf = Shelf(tmp_path, first)
    shelf.keep(1, "Lead")
    async with shelf.running():
        assert shelf.links()
    shelf = Shelf(tmp_path, second)
    async with shelf.running():
        assert not list(first.iterdir()) and shelf.links() == {"Lead.wav": "1"}
    async with Shelf(tmp_path, None).running():
        assert not list(second.iterdir()) and not (tmp_path / NOTE).exists()


async def test_killed_between_the_note_and_the_link_it_is_made_the_next_time(tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    shelf = Shelf(tmp_path, linked)
    shelf.keep(1, "Lead")
    shelf.keep(2, "Bass")
    async with shelf.running():
        pass
    os.unlink(linked / "Bass.wav")  # noted, not made; and a link of ours, made, not noted away
    again = Shelf(tmp_path, linked)
    again.store.delete_take(f"{1:032x}")
    async with again.running():
        assert again.links() == {"Bass.wav": "2"}


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    within = tmp_path / "file" / "within"
    with pytest.raises(OSError) as system:
        within.mkdir(parents=True)
    shelf = Shelf(tmp_path, within)
    shelf.keep(1, "Lead")
    task = asyncio.create_task(LinkedFolder(shelf.config, shelf.store, shelf.bus).run())
    assert f"is not up to date: {system.value.strerror}" in await shelf.up_to_date()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    shelf.store.close()

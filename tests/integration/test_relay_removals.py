"""Objects whose last row went: removed once, also by who comes after, and never under a row that is about to name them."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx, open_database
from relay.engine.objects.door import ObjectMissing, ObjectsUnavailable
from relay.engine.objects.folder import FolderObjects
from relay.features.accounts.api import ensure_account
from relay.features.creations import changes, removals
from relay.features.creations.api import ShownOtherwise
from relay.features.creations.removals import Removals, Removed
from relay.features.live.store import Happened
from tests.support.house import new_post

AWAY = ObjectsUnavailable("The store is away.")


class Shelf(FolderObjects):
    """away: it cannot remove anything just now."""

    away = False

    async def delete(self, name: str) -> None:
        if self.away:
            raise AWAY
        await super().delete(name)


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(
        database_url, effects=Happened | ShownOtherwise, on_commit=lambda _, __: None, on_lost=lambda _: None
    )
    yield opened
    await opened.close()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "objects")


def _take_rows(tx: Tx, post_id: str) -> list[str]:
    was = changes.standing(tx.db, post_id)
    assert was is not None
    return removals.begin(tx, changes.delete(tx, was, 0))


async def _a_post(db: Database, shelf: Shelf) -> tuple[str, str]:
    """Its id, and the name of the one object that it has."""
    name = await shelf.put(b"sound")
    made = await db.write(lambda tx: new_post(tx, ensure_account(tx, "anna", 0), sha256=name))
    return made, name


async def _is_stored(shelf: Shelf, name: str) -> bool:
    try:
        return await shelf.size(name) > 0
    except ObjectMissing:
        return False


def _kept(name: str, since: int, tx: Tx) -> None:
    removals.require_kept(tx, [name], since)


async def test_bytes_go_with_the_last_row_that_names_them(db: Database, shelf: Shelf) -> None:
    first, name = await _a_post(db, shelf)
    second, _ = await _a_post(db, shelf)
    assert await db.write(lambda tx: _take_rows(tx, first)) == []
    names = await db.write(lambda tx: _take_rows(tx, second))
    assert names == [name] and await _is_stored(shelf, name)
    await Removals(db, shelf).finish(names)
    assert not await _is_stored(shelf, name)


async def test_who_stored_equal_bytes_before_a_removal_ended_stores_them_again(
    db: Database, shelf: Shelf
) -> None:
    post_id, name = await _a_post(db, shelf)
    removed = Removals(db, shelf)
    early = await db.read(removals.mark)
    await db.write(partial(_kept, name, early))
    names = await db.write(lambda tx: _take_rows(tx, post_id))
    during = await db.read(removals.mark)
    waiting = asyncio.create_task(removed.settled(names))
    for since in (early, during):
        with pytest.raises(Removed):
            await db.write(partial(_kept, name, since))
    await removed.finish(names)
    await waiting
    for since in (early, during):
        with pytest.raises(Removed):
            await db.write(partial(_kept, name, since))
    late = await db.read(removals.mark)
    await shelf.put(b"sound")
    await db.write(partial(_kept, name, late))


async def test_what_a_store_that_was_away_kept_is_removed_later(
    db: Database, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_id, name = await _a_post(db, shelf)
    removed = Removals(db, shelf)
    shelf.away = True
    await removed.finish(await db.write(lambda tx: _take_rows(tx, post_id)))
    shelf.away = False
    await removed.resume()
    assert await _is_stored(shelf, name), "whoever began may still be at it"
    monkeypatch.setattr(removals, "REDO_AFTER_US", 0)
    await removed.resume()
    assert not await _is_stored(shelf, name)


async def test_the_numbers_of_removals_never_fall(
    db: Database, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = Removals(db, shelf)
    for _ in range(2):
        post_id, _ = await _a_post(db, shelf)
        await removed.finish(await db.write(partial(_take_rows, post_id=post_id)))
    stood = await db.read(removals.mark)
    monkeypatch.setattr(removals, "KEPT_US", -(now_us()))
    await removed.resume()

    def rows(reader: Connection) -> int:
        return int(reader.execute("SELECT count(*) FROM object_removal").fetchone()[0])

    assert await db.read(removals.mark) == stood and await db.read(rows) == 1

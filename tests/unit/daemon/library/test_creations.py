"""What is written down instead of recorded: found by name and id, durable beside the library, and made again from its files."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.errors import NothingThere, UsageError
from daemon.events import Bus
from daemon.library.creations import Creations
from daemon.library.store import Store
from tests.support.scores import new_loop


def opened(home: Path) -> tuple[Store, Creations]:
    store = Store(home / "library.sqlite3")
    return store, Creations(home / "creations", store, Bus())


async def test_it_is_found_by_name_by_id_and_as_the_last(tmp_path: Path) -> None:
    store, library = opened(tmp_path)
    first = await library.put(new_loop(library, changed_us=1))
    second = await library.put(
        new_loop(library, name="Rain", changed_us=2, account="owl", relay_id="R9", relay_version=1, sent="{}")
    )
    assert [each.name for each in await library.every("loop")] == ["Rain", "Night drive"]
    assert (
        await library.find("loop", "night  DRIVE") == first and await library.find("loop", "last") == second
    )
    assert await library.find("loop", second.creation_id) == second == await library.find("loop", "R9")
    for said in ("01", "", "nothing"):
        with pytest.raises(UsageError, match="id that starts with"):
            await library.find("loop", said)
    with pytest.raises(NothingThere, match="There is no pattern"):
        await library.find("pattern", "last")
    with pytest.raises(NothingThere, match="no deleted loop"):
        await library.find("loop", "last", deleted=True)
    short = await library.short_ids([first, second])
    assert first.creation_id.startswith(short[first.creation_id]) and len(set(short.values())) == 2
    store.close()


async def test_a_library_that_was_lost_or_set_back_is_made_again_from_the_files(tmp_path: Path) -> None:
    store, library = opened(tmp_path)
    kept = await library.put(new_loop(library))
    gone = await library.put(new_loop(library))
    await library.remove(gone)
    store.close()
    before = (tmp_path / "library.sqlite3").read_bytes()
    store, library = opened(tmp_path)
    renamed = await library.put(replace(kept, name="Rain", version=2))
    store.close()
    (tmp_path / "creations" / "broken.json").write_text("{")
    for set_back in (True, False):
        (tmp_path / "library.sqlite3").unlink()
        if set_back:
            (tmp_path / "library.sqlite3").write_bytes(before)
        store, library = opened(tmp_path)
        assert await library.open() == 1
        assert await library.every() == [renamed]
        assert await library.open() == 0
        store.close()

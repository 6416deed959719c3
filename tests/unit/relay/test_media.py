"""What the store of objects is asked for a post's sound: for HEAD, no byte of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.core.access import Actor
from relay.core.calls import Answer, Call, Row
from relay.engine.database import Database
from relay.engine.objects.folder import FolderObjects
from relay.features.creations.media import media
from relay.wire import operations as wire
from tests.support.house import house, new_post


class Counted(FolderObjects):
    """Notes what is opened to be read."""

    opened = 0

    async def read(self, name: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        self.opened += 1
        return await super().read(name, start, end)


@pytest.mark.parametrize(("head", "opened"), [(True, 0), (False, 1)])
async def test_who_asks_for_the_head_of_a_sound_opens_nothing(
    tmp_path: Path, head: bool, opened: int
) -> None:
    objects = Counted(tmp_path / "objects")
    async with house(f"sqlite:///{tmp_path / 'r.db'}") as here:
        answer = await _asked(here.db, objects, await here.account("anna"), head=head)
    assert (answer.size_bytes, answer.media_type, answer.status) == (1, "audio/flac", None if head else 200)
    assert objects.opened == opened
    if answer.stream is not None:
        await answer.stream.aclose()  # type: ignore[attr-defined]  # a generator


async def _asked(db: Database, objects: Counted, owner: str, *, head: bool) -> Answer[Any]:
    name = await objects.put(b"x")
    post_id = await db.write(lambda tx: new_post(tx, owner, sha256=name))
    found = media(db, objects, audio_cache_s=0, audio_links_s=0).rows()
    (row,) = [each for each in found if isinstance(each, Row) and each.operation is wire.GET_MP3]
    call = Call[Any, Any](
        actor=Actor(),
        session=None,
        body=wire.Nothing(),
        query=wire.VersionQuery(),
        path={"post_id": post_id},
        headers={},
        cookies={},
        address="",
        query_string="",
        head=head,
        form={},
        stream=lambda: aiter(()),  # type: ignore[call-overload]  # nobody reads it
    )
    return await row.handler(call)

"""What this device asks of its relay about loops, songs, patterns and machines."""

from urllib.parse import urlsplit

from daemon.uplink.calls import Calls
from daemon.uplink.http import TOTAL_LIMIT_S
from relay.wire import creation_operations as wire
from relay.wire import instrument_operations
from relay.wire.creations import (
    Creation,
    CreationEdit,
    CreationPage,
    NewCreation,
    NewlyShared,
    NewShareLink,
    OfKind,
    SharedByLinks,
)
from relay.wire.instruments import Instrument
from relay.wire.scores import Score, ScoreKind


class CreationCalls(Calls):
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed."""

    async def make_creation(self, key: str, score: Score) -> Creation:
        """A private creation of this account's; with the same key again: the same one."""
        body = NewCreation(score=score)
        return await self._do(wire.MAKE_CREATION, body, headers={"Idempotency-Key": key})

    async def creation(self, creation_id: str) -> Creation:
        """One that this account may see."""
        return await self._do(wire.GET_CREATION, creation_id=creation_id)

    async def save_creation(self, creation_id: str, score: Score, version: int) -> Creation:
        """Another score for one of this account's, made from that version of it."""
        edit = CreationEdit(score=score, version=version)
        return await self._do(wire.SAVE_CREATION, edit, creation_id=creation_id)

    async def delete_creation(self, creation_id: str) -> None:
        """One of this account's, with all its versions."""
        await self._do(wire.DELETE_CREATION, creation_id=creation_id)

    async def own_creations(self, kind: ScoreKind, limit: int, cursor: str | None = None) -> CreationPage:
        """A page of this account's, without scores, the one changed last first."""
        return await self._do(wire.MY_CREATIONS, query=OfKind(kind=kind, limit=limit, cursor=cursor))

    async def make_link(self, creation_id: str, days: int | None) -> NewlyShared:
        """By which anybody sees one of this account's. days: None, until it is ended."""
        return await self._do(wire.MAKE_LINK, NewShareLink(days=days), creation_id=creation_id)

    async def links(self, creation_id: str) -> SharedByLinks:
        """That show one of this account's now."""
        return await self._do(wire.LINKS, creation_id=creation_id)

    async def end_link(self, creation_id: str, link_id: str) -> SharedByLinks:
        """Those that are left."""
        return await self._do(wire.END_LINK, creation_id=creation_id, link_id=link_id)

    async def instruments(self) -> list[Instrument]:
        """What scores can be played with there; nobody has to be signed in."""
        operation = instrument_operations.INSTRUMENTS
        return (await self.http.get(f"{self.base_url}{operation.path}", operation.reply)).data.instruments

    async def recording(self, sound_url: str, limit_bytes: int) -> bytes:
        """The sound of an instrument, where the list says it is. Raises Offline, RelayRefused."""
        address = f"{self.base_url}{urlsplit(sound_url).path}"
        pieces = self.http.sound(address, {"Accept": "audio/flac"}, limit_bytes, TOTAL_LIMIT_S)
        return b"".join([piece async for piece, _ in pieces])

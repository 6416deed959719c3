"""Where loops, songs, patterns and machines are kept: here or at the relay, by one interface."""

from typing import Protocol, get_args

from msgspec import Struct

from daemon.core.creations import Creation, changed
from daemon.core.scores import read_text, text_of
from daemon.errors import UsageError
from daemon.identity.account import Account
from daemon.library.creations import Creations
from daemon.system.clock import unix_us
from relay.wire.creations import Creation as Made
from relay.wire.creations import CreationItem
from relay.wire.rest import MAX_PAGE
from relay.wire.scores import Score, ScoreKind

KINDS: tuple[ScoreKind, ...] = get_args(ScoreKind)


class Held(Struct, frozen=True, kw_only=True):
    """One as a place has it. version: there, from 1. score: None, on a list of the relay's."""

    id: str
    kind: ScoreKind
    name: str
    version: int
    score: Score | None = None


class Storage(Protocol):
    """All methods are [loop]. A score is saved over the version that it was made from, or not at all."""

    async def listed(self, kind: ScoreKind) -> list[Held]:
        """All of one's own, the one changed last first."""

    async def read(self, id: str) -> Held:
        """With its score."""

    async def make(self, key: str, score: Score) -> Held:
        """A new one; with the same key again, the same one."""

    async def save(self, id: str, score: Score, version: int) -> Held:
        """Another score, made from that version of it."""

    async def delete(self, id: str) -> None:
        """Deleted twice, it is the same."""


class Here:
    """The library. key: the id that it is to have. Raises UsageError, NoSpace, LibraryStuck."""

    def __init__(self, library: Creations) -> None:
        self._library = library

    async def listed(self, kind: ScoreKind) -> list[Held]:
        return [_held_here(each) for each in await self._library.every(kind)]

    async def read(self, id: str) -> Held:
        return _held_here(await self._get(id))

    async def make(self, key: str, score: Score) -> Held:
        known = await self._library.get(key)
        if known is None:
            new = self._library.new(score_kind(score), score.name.strip(), text_of(score), creation_id=key)
            known = await self._library.put(new)
        return _held_here(known)

    async def save(self, id: str, score: Score, version: int) -> Held:
        text, name = text_of(score), score.name.strip()

        def other(creation: Creation) -> Creation:
            if creation.version != version:
                raise UsageError(
                    f"“{creation.name}” was saved meanwhile: it has version {creation.version}, and this was made from {version}.",
                    "Look at it, and save what you changed.",
                )
            if creation.score == text:
                return creation
            return changed(creation, name=name, score=text, at_us=unix_us())

        return _held_here(await self._library.change(id, other))

    async def delete(self, id: str) -> None:
        if (creation := await self._library.get(id)) is not None:
            await self._library.remove(creation)

    async def _get(self, id: str) -> Creation:
        if (creation := await self._library.get(id)) is None:
            raise UsageError(
                "It is not in the library, or no longer.", "`sidechain loops list` lists what is."
            )
        return creation


class AtRelay:
    """The account's at its relay. Raises Offline, RelayRefused, NotClaimed."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def listed(self, kind: ScoreKind) -> list[Held]:
        found: list[Held] = []
        cursor: str | None = None
        while True:
            page = await self._account.relay().own_creations(kind, MAX_PAGE, cursor)
            found += [_held_there(each, kind) for each in page.creations]
            if (cursor := page.next) is None:
                return found

    async def read(self, id: str) -> Held:
        return _held_made(await self._account.relay().creation(id))

    async def make(self, key: str, score: Score) -> Held:
        return _held_made(await self._account.relay().make_creation(key, score))

    async def save(self, id: str, score: Score, version: int) -> Held:
        return _held_made(await self._account.relay().save_creation(id, score, version))

    async def delete(self, id: str) -> None:
        await self._account.relay().delete_creation(id)


def score_kind(score: Score) -> ScoreKind:
    kind: ScoreKind = score.__struct_config__.tag  # type: ignore[assignment]  # the wire's tags are its kinds
    return kind


def _held_here(creation: Creation) -> Held:
    score = read_text(creation.score)
    return Held(
        id=creation.creation_id,
        kind=score_kind(score),
        name=creation.name,
        version=creation.version,
        score=score,
    )


def _held_there(item: CreationItem, kind: ScoreKind) -> Held:
    return Held(id=item.id, kind=kind, name=item.title, version=item.version)


def _held_made(made: Made) -> Held:
    return Held(
        id=made.id,
        kind=score_kind(made.score),
        name=made.title,
        version=made.version,
        score=made.score,
    )

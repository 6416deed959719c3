"""Library and relay brought together: what is fetched from the relay, and what was done, so that it can be told.

Done twice, the second time does nothing. Nothing is ever lost by it: of two states that were both changed none is written over.
"""

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from daemon.core.creations import Creation, for_relay, is_same, only_here
from daemon.core.meant import meant
from daemon.core.scores import loops_named, read_text, renamed, text_of, with_loops
from daemon.errors import RelayRefused, UsageError
from daemon.features.creations.sending import GONE, Sending
from daemon.features.creations.storage import KINDS, Held, Storage
from daemon.library.creations import Creations
from daemon.system.clock import unix_us
from relay.wire.scores import Score, ScoreKind


class Synced(Struct, kw_only=True):
    """What was done. gone: deleted at the relay, and only here since. kept: changed at both, so nothing was done with it."""

    sent: list[Creation] = []
    fetched: list[Creation] = []
    gone: list[Creation] = []
    kept: list[Creation] = []
    only_here: int = 0


class Syncing:
    """All methods are [loop]. Raises Offline, RelayRefused, NotClaimed, NoSpace, LibraryStuck."""

    def __init__(self, library: Creations, there: Storage, sending: Sending) -> None:
        self._library = library
        self._there = there
        self._sending = sending

    async def at_relay(self, kind: ScoreKind) -> list[Held]:
        """The account's own, the one changed last first."""
        self._sending.require_account()
        return await self._there.listed(kind)

    async def pull(self, kind: ScoreKind, said: str, *, force: bool) -> Creation:
        """The newest state at the relay. force: also over what was changed here, which stays as a copy. Raises UsageError."""
        name = self._sending.require_account()
        relay_id, is_own = await self._meant(kind, said)
        theirs = await self._there.read(relay_id)
        if theirs.kind != kind:
            raise UsageError(f"That is a {theirs.kind}, no {kind}.", f"Say `sidechain {theirs.kind}s pull`.")
        if not is_own:
            assert theirs.score is not None
            return await self._library.put(
                self._library.new(kind, theirs.name, text_of(await self._with_own_loops(theirs.score, name)))
            )
        mine = (await self._linked(name)).get(relay_id)
        if mine is not None and await self._is_changed(mine):
            if not force:
                raise UsageError(
                    f"“{mine.name}” was changed here, and that is not at the relay yet.",
                    f"`sidechain {kind}s push` sends it; `pull --force` takes the relay's and keeps yours as a copy.",
                )
            copy = renamed(read_text(mine.score), f"{mine.name[:90]} (mine)")
            await self._library.put(self._library.new(kind, copy.name, text_of(copy)))
        return await self._fetch(name, theirs, mine)

    async def sync(self, *, everything: bool) -> Synced:
        """everything: also what nobody has pushed yet."""
        name = self._sending.require_account()
        done = Synced()
        done.sent = await self._sending.send()
        if everything:
            new = [each for each in await self._library.every() if _is_new(each)]
            done.sent += await self._sending.push_all(name, new)
        seen: set[str] = set()
        for kind in KINDS:
            for held in await self._there.listed(kind):
                seen.add(held.id)
                await self._compare(name, held, done)
        await self._forget(name, seen, done)
        done.only_here = sum(_is_new(each) for each in await self._library.every())
        return done

    async def _compare(self, name: str, held: Held, done: Synced) -> None:
        mine = (await self._linked(name)).get(held.id)
        if mine is not None and (mine.relay_version, mine.name) == (held.version, held.name):
            return
        if mine is not None and (mine.deleted_us is not None or await self._is_changed(mine)):
            done.kept.append(mine)
            return
        done.fetched.append(await self._fetch(name, await self._there.read(held.id), mine))

    async def _forget(self, name: str, seen: Iterable[str], done: Synced) -> None:
        """What is no longer at the relay stays here; what a list alone leaves out is asked for."""
        for relay_id in (await self._linked(name)).keys() - set(seen):
            try:
                await self._there.read(relay_id)
            except RelayRefused as error:
                if error.code not in GONE:
                    raise
                mine = (await self._linked(name))[relay_id]
                done.gone.append(await self._library.change(mine.creation_id, only_here))

    async def _fetch(self, name: str, theirs: Held, mine: Creation | None) -> Creation:
        assert theirs.score is not None
        sent = text_of(theirs.score)
        score = await self._with_own_loops(theirs.score, name)
        known = replace(
            mine or self._library.new(theirs.kind, theirs.name, text_of(score)),
            account=name,
            relay_id=theirs.id,
            relay_version=theirs.version,
            sent=sent,
            waits=False,
            trouble="",
        )
        if mine is None:
            return await self._library.put(known)
        text = text_of(score)
        newer = replace(
            known,
            name=theirs.name,
            score=text,
            version=mine.version + (not is_same(mine.score, text)),
            changed_us=unix_us(),
        )
        return await self._library.change(mine.creation_id, lambda one: newer if one == mine else one)

    async def _with_own_loops(self, score: Score, name: str) -> Score:
        """The loops of a song are fetched, as far as they are there, and named as here."""
        linked = await self._linked(name)
        ids: dict[str, str] = {}
        for named in loops_named(score):
            relay_id = named.replace("-", "")
            if relay_id not in linked:
                try:
                    loop = await self._there.read(relay_id)
                except RelayRefused:  # it is no longer there, or never was
                    continue
                linked[relay_id] = await self._fetch(name, loop, None)
            ids[named] = linked[relay_id].creation_id
        return with_loops(score, ids)

    async def _meant(self, kind: ScoreKind, said: str) -> tuple[str, bool]:
        """The relay's id of it, and whether it is of this account. Raises UsageError."""
        mine = meant(
            said,
            [each for each in await self._library.every(kind) if each.relay_id],
            ids=lambda each: (each.creation_id, each.relay_id or ""),
            name=lambda each: each.name,
        )
        if len(mine) == 1 and mine[0].relay_id:
            return mine[0].relay_id, True
        there = await self._there.listed(kind)
        found = (
            there[:1]
            if said == "last"
            else meant(said, there, ids=lambda each: (each.id,), name=lambda each: each.name)
        )
        if len(found) == 1:
            return found[0].id, True
        address = said.rstrip("/").rpartition("/")[2]
        if len(found) == 0 and len(address) == 32 and address.isalnum():
            return address, False
        many = "No" if not found else "More than one"
        raise UsageError(
            f"{many} {kind} at the relay has an id that starts with {said[:64]!r}, or that name.",
            f"`sidechain {kind}s list --relay` lists them.",
        )

    async def _is_changed(self, mine: Creation) -> bool:
        """Whether something of it is not at the relay."""
        if mine.sent is None:
            return True
        ids = {each.creation_id: key for key, each in (await self._linked(mine.account or "")).items()}
        return not is_same(for_relay(mine.score, ids), mine.sent)

    async def _linked(self, name: str) -> dict[str, Creation]:
        """Those of here, by the relay's ids."""
        return {each.relay_id: each for each in await self._library.of_account(name) if each.relay_id}


def _is_new(creation: Creation) -> bool:
    return creation.account is None and creation.deleted_us is None

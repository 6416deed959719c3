"""Loops, songs, patterns and machines, as the command line asks for them."""

from pathlib import Path

import bridge.control as c
from daemon.core.creations import Creation, facts_of, state_of
from daemon.doors.control.answers import Answers
from daemon.features.creations.creating import Creating
from daemon.features.creations.sending import Sending
from daemon.features.creations.syncing import Syncing
from daemon.library.creations import Creations

MOST_TOLD = 100


class CreationAnswers:
    """All methods are [loop]."""

    def __init__(self, library: Creations, creating: Creating, sending: Sending, syncing: Syncing) -> None:
        self._library = library
        self._creating = creating
        self._sending = sending
        self._syncing = syncing
        self.answers: Answers = {
            c.ListCreations: self._list,
            c.ShowCreation: self._show,
            c.AddCreation: self._add,
            c.LoopOfTake: self._of_take,
            c.RenameCreation: self._rename,
            c.DeleteCreation: self._delete,
            c.RestoreCreation: self._restore,
            c.PushCreation: self._push,
            c.PullCreation: self._pull,
            c.SyncCreations: self._sync,
            c.ListHeld: self._held,
        }

    async def _list(self, request: c.ListCreations) -> c.Reply:
        found = await self._creating.listed(
            request.kind, request.limit, search=request.search, deleted=request.deleted
        )
        short = await self._library.short_ids(found)
        return c.CreationList(creations=[creation_info(each, short[each.creation_id]) for each in found])

    async def _show(self, request: c.ShowCreation) -> c.Reply:
        return await self._one(await self._creating.find(request.kind, request.creation))

    async def _add(self, request: c.AddCreation) -> c.Reply:
        return await self._one(
            await self._creating.take_in(request.kind, Path(request.path), request.name, request.into)
        )

    async def _of_take(self, request: c.LoopOfTake) -> c.Reply:
        return await self._one(await self._creating.of_take(request.take_id, request.name, request.bars))

    async def _rename(self, request: c.RenameCreation) -> c.Reply:
        return await self._one(await self._creating.rename(request.kind, request.creation, request.name))

    async def _delete(self, request: c.DeleteCreation) -> c.Reply:
        return await self._one(await self._creating.delete(request.kind, request.creation))

    async def _restore(self, request: c.RestoreCreation) -> c.Reply:
        return await self._one(await self._creating.restore(request.kind, request.creation))

    async def _push(self, request: c.PushCreation) -> c.Reply:
        return await self._one(await self._sending.push(request.kind, request.creation, force=request.force))

    async def _pull(self, request: c.PullCreation) -> c.Reply:
        return await self._one(await self._syncing.pull(request.kind, request.creation, force=request.force))

    async def _sync(self, request: c.SyncCreations) -> c.Reply:
        done = await self._syncing.sync(everything=request.everything)
        return c.Synced(
            sent=_those(done.sent),
            fetched=_those(done.fetched),
            gone=_those(done.gone),
            kept=_those(done.kept),
            sent_count=len(done.sent),
            fetched_count=len(done.fetched),
            gone_count=len(done.gone),
            kept_count=len(done.kept),
            only_here=done.only_here,
        )

    async def _held(self, request: c.ListHeld) -> c.Reply:
        there = await self._syncing.at_relay(request.kind)
        here = {each.relay_id: each.creation_id for each in await self._library.every(request.kind)}
        return c.HeldList(
            creations=[
                c.HeldThere(
                    relay_id=each.id,
                    kind=each.kind,
                    name=each.name,
                    version=each.version,
                    creation_id=here.get(each.id),
                )
                for each in there[: request.limit]
            ]
        )

    async def _one(self, creation: Creation) -> c.OneCreation:
        short = await self._library.short_ids([creation])
        return c.OneCreation(
            creation=creation_info(creation, short.get(creation.creation_id, "")),
            path=str(self._library.path_of(creation.creation_id)),
        )


def _those(creations: list[Creation]) -> list[c.SyncedOne]:
    """The first of them."""
    return [
        c.SyncedOne(
            creation_id=each.creation_id,
            relay_id=each.relay_id,
            kind=facts_of(each).kind,
            name=each.name,
        )
        for each in creations[:MOST_TOLD]
    ]


def creation_info(creation: Creation, short_id: str) -> c.CreationInfo:
    """As the command line shows it."""
    facts = facts_of(creation)
    return c.CreationInfo(
        creation_id=creation.creation_id,
        short_id=short_id,
        kind=facts.kind,
        name=creation.name,
        bpm=facts.bpm,
        bars=facts.bars,
        key=facts.key,
        created_us=creation.created_us,
        changed_us=creation.changed_us,
        version=creation.version,
        state=state_of(creation),
        deleted_us=creation.deleted_us,
        take_id=creation.take_id,
        account=creation.account,
        relay_id=creation.relay_id,
        relay_version=creation.relay_version,
        trouble=creation.trouble[:512],
    )

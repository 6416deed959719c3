"""Sets of takes, as tray and command line ask for them."""

import bridge.control as c
from daemon.core.meant import called
from daemon.doors.control.answers import Answers
from daemon.doors.control.players import Players
from daemon.doors.control.told import take_info, told_take
from daemon.errors import NothingKept, NothingThere, UsageError
from daemon.features.history.recovery import Recovered
from daemon.features.keeping.asking import Ask
from daemon.features.keeping.mixing import Mixing
from daemon.features.keeping.sets import SetKeeping
from daemon.library.rows import TakeRow, name_of_set
from daemon.library.store import Store
from daemon.library.takes import Takes
from daemon.rings.instances import Instances

MAX_LINE = 512


class SetAnswers:
    """All methods are [loop]."""

    def __init__(
        self,
        *,
        store: Store,
        takes: Takes,
        instances: Instances,
        players: Players,
        keeping: SetKeeping,
        mixing: Mixing,
    ) -> None:
        self._store = store
        self._takes = takes
        self._instances = instances
        self._players = players
        self._keeping = keeping
        self._mixing = mixing
        self.answers: Answers = {
            c.KeepAll: self._keep,
            c.ListSets: self._list,
            c.ShowSet: self._show,
            c.DiscardSet: self._discard,
            c.MixSet: self._mix,
        }

    async def _keep(self, request: c.KeepAll) -> c.Reply:
        ask = Ask(
            bars=request.bars,
            seconds=request.seconds,
            ago_s=request.ago_s,
            from_ago_s=request.from_ago_s,
            whole=request.whole,
            snap=request.snap,
            title=request.title,
        )
        try:
            host_of = self._instances.named(request.instance) if request.instance else None
            kept = await self._keeping.keep(ask, host_of)
            return await self._told(kept.takes, kept.note)
        except NothingKept:
            if not (asked := self._players.gone(request)):
                raise
        return await self._keep_gone(ask, asked, named=bool(request.instance))

    async def _keep_gone(self, ask: Ask, asked: list[Recovered], *, named: bool) -> c.OneSet:
        """Of a project that was closed, or went down."""
        kept, who = await self._keeping.keep_gone(ask, [one.label for one in asked], named=named)
        first = next(one for one in asked if one.label == who)
        return await self._told(kept.takes, f"{self._players.gone_instead(first).says} {kept.note}".strip())

    async def _list(self, request: c.ListSets) -> c.Reply:
        ids = await self._store.run(Store.set_ids, request.limit)
        return c.SetList(sets=[set_info(await self._store.run(Store.takes_of_set, one)) for one in ids])

    async def _show(self, request: c.ShowSet) -> c.Reply:
        return await self._told(await self._find(request.set_id))

    async def _discard(self, request: c.DiscardSet) -> c.Reply:
        takes = await self._find(request.set_id)
        told = await self._told(takes)
        await self._takes.discard_all(takes)
        return told

    async def _mix(self, request: c.MixSet) -> c.Reply:
        take = await self._mixing.mix(await self._find(request.set_id), request.title)
        return c.OneTake(take=take_info(take, None, busy=False), path=str(self._takes.folder / take.take_id))

    async def _find(self, prefix: str) -> list[TakeRow]:
        found = await self._store.run(Store.find_set, prefix)
        if not found and prefix != "last":
            found = await self._called(prefix)
        if not found and prefix == "last":
            raise NothingThere(
                "There are no sets yet.", "Play on several tracks, then `sidechain keep --all`."
            )
        if len(found) != 1:
            many = "No set has" if not found else "Several sets have"
            raise UsageError(
                f"{many} an id that starts with {prefix!r}, or that name.", "`sidechain sets` lists them."
            )
        return await self._store.run(Store.takes_of_set, found[0])

    async def _called(self, name: str) -> list[str]:
        """The ids of sets of that name."""
        ids = await self._store.run(Store.set_ids, c.MAX_LIST)
        return [
            each for each in ids if called(name_of_set(await self._store.run(Store.takes_of_set, each)), name)
        ]

    async def _told(self, takes: list[TakeRow], note: str = "") -> c.OneSet:
        return c.OneSet(
            set=set_info(takes),
            takes=[
                c.SetTake(
                    take=await told_take(self._store, take),
                    clock=take.set_clock or "",
                    path=str(self._takes.folder / take.take_id),
                )
                for take in takes
            ],
            note=note[:MAX_LINE],
        )


def set_info(takes: list[TakeRow]) -> c.SetInfo:
    """A set in short. takes: the first first, one at least."""
    first = takes[0]
    return c.SetInfo(
        set_id=first.set_id or "",
        name=name_of_set(takes),
        created_us=first.created_us,
        takes=len(takes),
        tracks=", ".join(take.track_name or take.host_name for take in takes)[:MAX_LINE],
    )

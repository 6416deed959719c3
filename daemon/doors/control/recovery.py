"""What was recovered, as tray and command line ask for it."""

from typing import TypedDict

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.doors.control.told import take_info
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.features.history.journal import Journal
from daemon.features.history.recovering import Recovering
from daemon.features.history.recovery import Recovered, sentence
from daemon.library.takes import Takes


class RecoveryAnswers:
    """All methods are [loop]."""

    def __init__(self, journal: Journal, recovering: Recovering, takes: Takes) -> None:
        self._journal = journal
        self._recovering = recovering
        self._takes = takes
        self.answers: Answers = {
            c.GetRecovery: self._list,
            c.KeepRecovered: self._keep,
            c.DiscardRecovered: self._discard,
        }

    async def _list(self, request: c.GetRecovery) -> c.Reply:
        return self._all()

    async def _keep(self, request: c.KeepRecovered) -> c.Reply:
        take = await self._recovering.keep(
            request.stretch_id,
            bars=request.bars,
            seconds=request.seconds,
            before_end_s=request.before_end_s,
            title=request.title,
        )
        path = str(self._takes.folder / take.take_id)
        return c.OneTake(take=take_info(take, None, busy=False), path=path)

    async def _discard(self, request: c.DiscardRecovered) -> c.Reply:
        await self._recovering.discard(request.stretch_id)
        return self._all()

    def _all(self) -> c.Recovery:
        stretches = [stretch_info(one) for one in self._journal.newest_first()]
        return c.Recovery(stretches=stretches, **journal_state(self._journal))


class JournalFields(TypedDict):
    """As in bridge.control_recovery.JournalState."""

    on: bool
    minutes: float
    used_bytes: int
    budget_bytes: int
    trouble: str


def journal_state(journal: Journal) -> JournalFields:
    """What is told of the journal beside what is in it. [any]"""
    config = journal.config
    return {
        "on": config.journal,
        "minutes": config.history_minutes,
        "used_bytes": journal.used_bytes,
        "budget_bytes": config.history_bytes,
        "trouble": journal.trouble[:MAX_CHARACTERS],
    }


def stretch_info(one: Recovered) -> c.StretchInfo:
    """A stretch as tray and command line see it."""
    return c.StretchInfo(
        stretch_id=one.stretch_id,
        host_name=one.host_name,
        track_name=one.track_name,
        seconds=one.seconds,
        sample_rate_hz=one.sample_rate_hz,
        channels=one.channels,
        sounded_us=one.stretch.sounded_us,
        before_end_s=one.stretch.before_end_s,
        why=one.why,
        bars=one.bars,
        bpm=one.bpm,
        meter=f"{one.meter[0]}/{one.meter[1]}" if one.meter else None,
        kept=one.kept,
        sentence=sentence(one)[:MAX_CHARACTERS],
    )

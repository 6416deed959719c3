"""What is in reach, as tray, command line and windows ask for it: the list, sound to listen to, pictures."""

import asyncio
import time

import bridge.control as c
from bridge.control_history import MAX_HEARD
from daemon.core.choosing import named
from daemon.doors.control.answers import Answers
from daemon.doors.control.players import Players
from daemon.doors.control.recovery import journal_state
from daemon.doors.control.takes import asked_part
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.errors import NothingKept
from daemon.features.history.journal import Journal
from daemon.features.history.listing import Stretch, heard_in
from daemon.features.keeping.listening import Listening
from daemon.rings.instances import Instances
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.peaks import Pictures


class HistoryAnswers:
    """All methods are [loop]."""

    def __init__(
        self,
        *,
        journal: Journal,
        folder: JournalFolder,
        instances: Instances,
        players: Players,
        listening: Listening,
        pictures: Pictures,
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._instances = instances
        self._players = players
        self._listening = listening
        self._pictures = pictures
        self.answers: Answers = {
            c.GetHistory: self._list,
            c.CopyHistory: self._copy,
            c.GetPeaks: self._peaks,
        }

    async def _list(self, request: c.GetHistory) -> c.Reply:
        journal = self._journal
        heard = await asyncio.to_thread(heard_in, self._folder, journal.recovered)
        if request.instance:
            heard = self._played_by(request.instance, heard)
        return c.HistoryIs(
            heard=[heard_info(one) for one in heard[:MAX_HEARD]],
            more=max(len(heard) - MAX_HEARD, 0),
            now_us=time.time_ns() // 1000,
            keep_hours=journal.config.history_keep_hours,
            **journal_state(journal),
        )

    def _played_by(self, name: str, heard: list[Stretch]) -> list[Stretch]:
        """Of the plugins that `name` means, loaded or not. Raises NothingKept when there is none."""
        loaded = [one.label for one in self._instances.all()]
        meant = {one.instance for one in named([*loaded, *(one.found.label for one in heard)], name)}
        if not meant:
            raise NothingKept(
                f"No plugin is called {name!r}.", "`sidechain history` lists what each has played."
            )
        return [one for one in heard if one.instance in meant]

    async def _copy(self, request: c.CopyHistory) -> c.Reply:
        ask = asked_part(request)
        copied, chosen = await self._players.first(request, lambda player: self._listening.copy(player, ask))
        return c.HistorySound(
            path=str(copied.path),
            frames=copied.cut.frames,
            sample_rate_hz=copied.sample_rate_hz,
            bars=copied.cut.bars,
            note=copied.cut.note[:MAX_CHARACTERS],
            instance=chosen.instance,
        )

    async def _peaks(self, request: c.GetPeaks) -> c.Reply:
        instance = self._instances.named(request.instance)
        picture = await asyncio.to_thread(
            self._pictures.of,
            instance,
            request.generation,
            request.first_frame,
            request.end_frame,
            request.columns,
        )
        return c.PeaksAre(
            peaks=picture.peaks,
            holes=picture.holes,
            coarse=picture.coarse,
            oldest_frame=picture.oldest_frame,
            end_frame=picture.end_frame,
            sample_rate_hz=picture.sample_rate_hz,
        )


def heard_info(one: Stretch) -> c.HistoryStretch:
    """A stretch as others see it. [any]"""
    found = one.found
    return c.HistoryStretch(
        stretch_id=found.stretch_id,
        instance=one.instance,
        generation=one.generation,
        host_name=found.host_name,
        track_name=found.track_name,
        state=found.why,
        first_frame=found.stretch.first_frame,
        end_frame=found.stretch.end_frame,
        sample_rate_hz=found.sample_rate_hz,
        channels=found.channels,
        from_us=one.from_us,
        to_us=one.to_us,
        bars=found.bars,
        bpm=found.bpm,
        meter=f"{found.meter[0]}/{found.meter[1]}" if found.meter else None,
        kept=found.kept,
        picture=one.picture,
    )

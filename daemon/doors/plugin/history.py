"""The History in a plugin's window: its pictures, its bars, earlier Rings, and a part of it as a sound of its own."""

import asyncio
from collections.abc import Callable

from bridge.plugin_endpoint import Peer
from daemon.features.history.journal import Journal
from daemon.features.history.listing import earlier_rings
from daemon.features.keeping.asking import Ask
from daemon.features.keeping.listening import Listening
from daemon.library.sounds import Sound
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.marks import find_marks
from daemon.rings.peaks import Pictures
from plugin_protocol.history_messages import (
    MAX_EARLIER,
    EarlierRing,
    GetEarlier,
    GetMarks,
    GetPeaks,
    Marks,
    Peaks,
    pack_marks,
)
from plugin_protocol.messages import Asked, Export, FromDaemon


class WindowHistory:
    """All methods are [loop]. say: something to a plugin."""

    def __init__(
        self,
        *,
        say: Callable[[Peer, FromDaemon], bool],
        journal: Journal,
        folder: JournalFolder,
        pictures: Pictures,
        listening: Listening,
    ) -> None:
        self._say = say
        self._journal = journal
        self._folder = folder
        self._pictures = pictures
        self._listening = listening

    async def carry_out(
        self, instance: Instance, ask: GetPeaks | GetMarks | GetEarlier
    ) -> Peaks | Marks | Asked:
        """Raises NothingKept."""
        match ask:
            case GetPeaks():
                return await self._peaks(instance, ask)
            case GetMarks():
                return await self._marks(instance, ask)
            case GetEarlier():
                return await self._earlier(instance, ask)

    async def _peaks(self, instance: Instance, ask: GetPeaks) -> Peaks:
        picture = await asyncio.to_thread(
            self._pictures.of, instance, ask.generation, ask.first_frame, ask.end_frame, ask.columns
        )
        return Peaks(
            id=ask.id,
            generation=ask.generation,
            first_frame=ask.first_frame,
            end_frame=ask.end_frame,
            oldest_frame=picture.oldest_frame,
            newest_frame=picture.end_frame,
            coarse=picture.coarse,
            peaks=picture.peaks,
            holes=picture.holes,
        )

    async def _marks(self, instance: Instance, ask: GetMarks) -> Marks:
        found, end_frame = await asyncio.to_thread(
            find_marks, self._folder, instance, ask.generation, ask.first_frame, ask.end_frame
        )
        return Marks(
            id=ask.id,
            generation=ask.generation,
            first_frame=ask.first_frame,
            end_frame=end_frame,
            marks=pack_marks(found),
        )

    async def _earlier(self, instance: Instance, ask: GetEarlier) -> Asked:
        now = self._folder.of(instance.ring) if instance.ring else None
        own = [folder for folder in self._folder.of_instance(instance.name) if folder != now]
        found = await asyncio.to_thread(earlier_rings, self._folder, self._journal.recovered, own)
        for ring in found[:MAX_EARLIER]:
            row = EarlierRing(
                id=ask.id,
                generation=ring.generation,
                host_name=ring.host_name,
                track_name=ring.track_name,
                sample_rate_hz=ring.sample_rate_hz,
                first_frame=ring.first_frame,
                end_frame=ring.end_frame,
                sounded_us=ring.sounded_us,
            )
            self._say(instance.peer, row)
        return Asked(id=ask.id)

    async def sound(self, instance: Instance, wanted: Export) -> Sound:
        """The very frames that were selected: where they snap to, the window has shown. Raises NothingKept."""
        ask = Ask(
            generation=wanted.generation,
            first_frame=wanted.first_frame,
            at_frame=wanted.end_frame,
            snap=False,
        )
        copied = await self._listening.copy(instance, ask)
        return Sound(
            kind="history",
            target=f"{wanted.generation}:{wanted.first_frame}:{wanted.end_frame}",
            title=copied.name,
            seconds=copied.cut.frames / copied.sample_rate_hz,
            bpm=copied.cut.bpm,
            bars=copied.cut.bars,
            path=copied.path,
        )

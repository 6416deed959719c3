"""Keep: from the History to a durable Take. The one deed behind the plugin's button, the tray and the command line.

What the Ring holds is copied out first, what only the disk holds is read as it is written; the library makes it durable;
only then `keep` returns. What a cut is, daemon.core.capture says; the disk is asked only for what the Ring cannot give.
"""

from collections.abc import Iterator

import msgspec

from daemon.config import Config
from daemon.core import capture
from daemon.core.journal import Damaged
from daemon.core.ring_out import tail_frames
from daemon.core.titles import fitting
from daemon.errors import NothingKept
from daemon.events import Bus, PartKept, SettingsChanged
from daemon.features.keeping.asking import Ask, Part, Parts, require_one_way
from daemon.identity.account import Account
from daemon.library.entries import new_entry
from daemon.library.store import Store
from daemon.library.takes import Made, Tail, Takes, new_take
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Player, Reach, sliced


class Keeping:
    """[loop]"""

    def __init__(
        self,
        config: Config,
        store: Store,
        takes: Takes,
        account: Account,
        journal: JournalFolder,
        bus: Bus,
    ) -> None:
        self._config = config
        self._store = store
        self._takes = takes
        self._account = account
        self._bus = bus
        self._parts = Parts(config, journal, bus)
        bus.on(SettingsChanged, self._settings_changed)

    def _settings_changed(self, event: SettingsChanged) -> None:
        self._config = event.config

    async def keep(self, player: Player, ask: Ask) -> Made:
        """Make a Take durable; with `ask.post`, its Entry in the same transaction.

        An `asked` that has made its Take, also before the daemon died, makes no other. Raises UsageError, NothingKept,
        NoSpace, LibraryStuck.
        """
        require_one_way(ask)
        ask = msgspec.structs.replace(ask, title=fitting(ask.title).title)
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)):
            return made, await self._store.run(Store.entry_of, made.take_id)
        owner = self._account.owner
        copied: list[PartKept] = []
        new = await self._takes.add(lambda: self._copy(player, ask, owner, copied))
        self._bus.tell(copied[0])
        return new

    def _copy(self, player: Player, ask: Ask, owner: str | None, copied: list[PartKept]) -> Made:
        part = self._parts.of(player, ask)
        reach, size = part.reach, part.reach.frame_bytes
        self._takes.require_space(part.cut.frames * size)
        cut, sound = read_part(self._parts, part)
        played_by = part.played_by(player)
        take = new_take(
            cut,
            title=ask.title,
            host_name=played_by.host_name,
            track_name=played_by.track_name,
            sample_rate_hz=reach.sample_rate_hz,
            channels=reach.channels,
        )
        take = msgspec.structs.replace(take, asked=ask.asked)
        entry = None
        if ask.post:
            hold_us, shown_to = self._config.hold_us, self._config.shown_to
            entry = new_entry(take, ask.title, owner, hold_us=hold_us, visibility=shown_to)
        try:
            self._takes.publish(take, entry, sound, _tail(reach, part.history, cut))
        except Damaged as error:
            raise NothingKept(f"The oldest of it cannot be read: {error}", "Keep a shorter part.") from error
        end_frame = cut.first_frame + cut.frames
        copied.append(PartKept(ring=reach.ring, first_frame=cut.first_frame, end_frame=end_frame))
        return take, entry


def read_part(parts: Parts, part: Part) -> tuple[capture.Cut, Iterator[bytes | memoryview]]:
    """The cut, and its sound. When the host has played on meanwhile and overwritten the oldest of it, and the disk has
    not got it: fewer bars, or seconds. Raises NothingKept; the sound raises Damaged, OSError. [worker]"""
    reach, cut, size = part.reach, part.cut, part.reach.frame_bytes
    sound = reach.read(cut.first_frame, cut.frames)
    if sound.first_frame != cut.first_frame:
        left = msgspec.structs.replace(part.history, oldest_frame=sound.first_frame)
        cut = parts.cut(left, part.ask)
    skip_bytes = (cut.first_frame - sound.first_frame) * size
    return cut, sliced(sound.parts, skip_bytes, cut.frames * size)


def _tail(reach: Reach, history: capture.History, cut: capture.Cut) -> Tail | None:
    """What rings on after the last bar, if the Ring has it already: nobody waits for it. [worker]"""
    frames = tail_frames(history, cut)
    if not frames:
        return None
    try:
        sound = reach.read(cut.first_frame + cut.frames, frames)
        data = b"".join(sound.parts)
    except (NothingKept, Damaged, OSError):
        return None
    return Tail(frames=frames, data=data) if sound.first_frame == cut.first_frame + cut.frames else None

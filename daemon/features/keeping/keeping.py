"""Keep: from the History to a durable Take. The one deed behind the plugin's button, the tray and the command line.

What the Ring holds is copied out first, what only the disk holds is read as it is written; the library makes it durable;
only then `keep` returns. What a cut is, daemon.core.capture says; the disk is asked only for what the Ring cannot give.
"""

from collections.abc import Callable

import msgspec

from daemon.config import Config
from daemon.core import capture
from daemon.core.journal import Damaged
from daemon.core.ring_out import tail_frames
from daemon.core.titles import fitting
from daemon.errors import NothingKept
from daemon.identity.account import Account
from daemon.library.entries import new_entry
from daemon.library.store import Store
from daemon.library.takes import Made, Tail, Takes, new_take, require_one_length
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Reach, sliced

REACHES_S = (60.0, 240.0, 960.0, 3600.0)  # how far back the disk is asked, one after the other
LINE_WITHIN_S = 16.0  # of the last sound: a bar line that is further off ends a rest, not what was played
SILENT_SINCE = "What came after it is silence."


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants kept of a Ring: `bars` or `seconds`, else as config says, up to `at_frame` or up to now.

    generation: of the Ring that `at_frame` counts in; None: the newest. asked: see TakeRow.
    """

    bars: int | None = None
    seconds: float | None = None
    at_frame: int | None = None
    generation: int | None = None
    title: str = ""
    post: bool = False
    asked: str | None = None


class Keeping:
    """[loop]"""

    def __init__(
        self, config: Config, store: Store, takes: Takes, account: Account, journal: JournalFolder
    ) -> None:
        self._config = config
        self._store = store
        self._takes = takes
        self._account = account
        self._journal = journal

    async def keep(self, instance: Instance, ask: Ask) -> Made:
        """Make a Take durable; with `ask.post`, its Entry in the same transaction.

        An `asked` that has made its Take, also before the daemon died, makes no other. Raises UsageError, NothingKept,
        NoSpace, LibraryStuck.
        """
        require_one_length(ask.bars, ask.seconds)
        ask = msgspec.structs.replace(ask, title=fitting(ask.title).title)
        if ask.asked and (made := await self._store.run(Store.take_asked, ask.asked)):
            return made, await self._store.run(Store.entry_of, made.take_id)
        owner = self._account.owner
        return await self._takes.add(lambda: self._copy(instance, ask, owner))

    def _copy(self, instance: Instance, ask: Ask, owner: str | None) -> Made:
        with instance.lock:
            ring = instance.ring_of(ask.generation)
        reach = Reach(instance, ring, self._journal)
        memory = reach.memory()
        now = memory.commit_frame if ask.at_frame is None else min(ask.at_frame, memory.commit_frame)
        ask = msgspec.structs.replace(ask, at_frame=now)
        history, cut = self._sounding(reach, *self._far_enough(reach, memory, ask), ask)
        self._takes.require_space(cut.frames * ring.header.frame_bytes)
        sound = reach.read(cut.first_frame, cut.frames)
        skip_frames = 0
        if sound.first_frame != cut.first_frame:
            # The host played on, and overwrote the oldest before it was copied: fewer bars, or seconds.
            left = msgspec.structs.replace(history, oldest_frame=sound.first_frame)
            cut = self._cut(left, ask)
            skip_frames = cut.first_frame - sound.first_frame
        take = new_take(
            cut,
            title=ask.title,
            host_name=instance.peer.hello.host_name,
            track_name=instance.track_name,
            sample_rate_hz=reach.sample_rate_hz,
            channels=reach.channels,
        )
        take = msgspec.structs.replace(take, asked=ask.asked)
        entry = new_entry(take, ask.title, owner, hold_us=self._config.hold_us) if ask.post else None
        size = ring.header.frame_bytes
        parts = sliced(sound.parts, skip_frames * size, cut.frames * size)
        try:
            self._takes.publish(take, entry, parts, _tail(reach, history, cut))
        except Damaged as error:
            raise NothingKept(f"The oldest of it cannot be read: {error}", "Keep a shorter part.") from error
        return take, entry

    def _far_enough(
        self, reach: Reach, history: capture.History, ask: Ask
    ) -> tuple[capture.History, capture.Cut]:
        """The cut from what memory holds; as far as that is not enough, from ever more of the disk."""
        for reach_s in REACHES_S:
            cut = _none_yet(self._cut, history, ask)
            if cut and not self._is_short(cut, ask, reach.sample_rate_hz):
                return history, cut
            history = reach.back(ask.at_frame, reach_s)
            if history.oldest_frame <= reach.oldest_frame:
                break
        return history, self._cut(history, ask)

    def _cut(self, history: capture.History, ask: Ask) -> capture.Cut:
        now = history.commit_frame if ask.at_frame is None else ask.at_frame
        try:
            if ask.seconds is not None:
                return capture.last_seconds(history, ask.seconds, now)
            wanted = ask.bars or self._config.default_bars
            return capture.last_bars(history, wanted, now, self._config.fallback_seconds)
        except capture.NothingToKeep as error:
            raise NothingKept(error.message, error.next_step) from error

    def _is_short(self, cut: capture.Cut, ask: Ask, sample_rate_hz: float) -> bool:
        """Whether there may be more of it on the disk."""
        if ask.seconds is not None:
            return cut.frames < round(ask.seconds * sample_rate_hz)
        return (cut.bars or 0) < (ask.bars or self._config.default_bars)

    def _sounding(
        self, reach: Reach, history: capture.History, cut: capture.Cut, ask: Ask
    ) -> tuple[capture.History, capture.Cut]:
        """What was played last is what is wanted, also a minute after it: silence in full is never a Take."""
        if reach.sounds(cut.first_frame, cut.frames):
            return history, cut
        history = reach.back(ask.at_frame, REACHES_S[0])  # also so that all of the disk is looked at
        end_frame = cut.first_frame + cut.frames
        ended = reach.last_sound(end_frame)
        if ended is None:
            return history, cut
        around = reach.back(min(ended + round(LINE_WITHIN_S * reach.sample_rate_hz), end_frame), REACHES_S[0])
        at_frame = min(capture.line_from(around, ended), end_frame)
        history, cut = self._far_enough(reach, history, msgspec.structs.replace(ask, at_frame=at_frame))
        return history, msgspec.structs.replace(cut, note=f"{cut.note} {SILENT_SINCE}".strip())


def _none_yet(
    cut: Callable[[capture.History, Ask], capture.Cut], history: capture.History, ask: Ask
) -> capture.Cut | None:
    try:
        return cut(history, ask)
    except NothingKept:
        return None


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

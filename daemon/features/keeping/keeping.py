"""Keep: from a Ring to a durable Take. The one deed behind the plugin's button, the tray and the command line.

The bytes are copied out of the Ring first; the library makes them durable; only then `keep` returns. What a cut is,
daemon.core.capture says.
"""

import msgspec

from bridge.errors import BridgeError
from bridge.shm import RingFile
from daemon.config import Config
from daemon.core import capture
from daemon.core.ring_out import tail_frames
from daemon.core.titles import fitting
from daemon.errors import NothingKept
from daemon.identity.account import Account
from daemon.library.entries import new_entry
from daemon.library.store import Store
from daemon.library.takes import Made, Tail, Takes, new_take, require_one_length
from daemon.rings.instances import Instance, history_of
from plugin_protocol.errors import RemoteProtocolError


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

    def __init__(self, config: Config, store: Store, takes: Takes, account: Account) -> None:
        self._config = config
        self._store = store
        self._takes = takes
        self._account = account

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
        with instance.lock:  # until the sound is ours: a new generation must not replace the Ring meanwhile
            ring = instance.ring_of(ask.generation)
            history, now = history_of(ring, ask.at_frame)
            cut = self._cut(history, ask, now)
            self._takes.require_space(cut.frames * ring.header.frame_bytes)
            try:
                span = ring.read(cut.first_frame, cut.frames)
            except (RemoteProtocolError, BridgeError, OSError) as error:
                raise NothingKept(
                    f"The plugin's memory cannot be read: {error}.", "Reload the plugin."
                ) from error
            header = ring.header
            if span.first_frame != cut.first_frame:
                # The host played on, and overwrote the oldest before it was copied: fewer bars, or seconds.
                left = msgspec.structs.replace(history, oldest_frame=span.first_frame)
                cut = self._cut(left, ask, now)
            tail = _tail(ring, history, cut)
        first_byte = (cut.first_frame - span.first_frame) * header.frame_bytes
        sound = span.data[first_byte : first_byte + cut.frames * header.frame_bytes]
        take = new_take(
            cut,
            title=ask.title,
            host_name=instance.peer.hello.host_name,
            track_name=instance.track_name,
            sample_rate_hz=header.sample_rate_hz,
            channels=header.channels,
        )
        take = msgspec.structs.replace(take, asked=ask.asked)
        entry = new_entry(take, ask.title, owner, hold_us=self._config.hold_us) if ask.post else None
        self._takes.publish(take, entry, [sound], tail)
        return take, entry

    def _cut(self, history: capture.History, ask: Ask, now: int) -> capture.Cut:
        try:
            if ask.seconds is not None:
                return capture.last_seconds(history, ask.seconds, now)
            wanted = ask.bars or self._config.default_bars
            return capture.last_bars(history, wanted, now, self._config.fallback_seconds)
        except capture.NothingToKeep as error:
            raise NothingKept(error.message, error.next_step) from error


def _tail(ring: RingFile, history: capture.History, cut: capture.Cut) -> Tail | None:
    """What rings on after the last bar, if the Ring has it already: nobody waits for it. [worker]"""
    frames = tail_frames(history, cut)
    if not frames:
        return None
    try:
        span = ring.read(cut.first_frame + cut.frames, frames)
    except (RemoteProtocolError, BridgeError, OSError):
        return None
    return Tail(frames=frames, data=span.data) if span.frames == frames else None

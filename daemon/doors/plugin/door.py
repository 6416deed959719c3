"""The plugin socket's door: who acts on which message, and what is answered at once. A translation only."""

from collections.abc import Awaitable, Callable

from bridge.plugin_endpoint import FromPeer, Peer
from daemon.core.titles import joined
from daemon.doors.plugin.windows import Windows
from daemon.doors.sentences import MAX_CHARACTERS, sentence_of
from daemon.features.keeping.asking import Ask
from daemon.features.keeping.keeping import Keeping
from daemon.features.previews.previews import Previews
from daemon.features.status.status import DaemonStatus
from daemon.identity.account import Account
from daemon.library.entries import held_ms
from daemon.rings.instances import Instance, Instances
from plugin_protocol.message_base import LINE_CHARACTERS
from plugin_protocol.messages import (
    Alive,
    FromDaemon,
    FromWindow,
    Goodbye,
    Heartbeat,
    Keep,
    KeepFailed,
    Kept,
    Play,
    PreviewHeard,
    RingClosed,
    RingOpened,
    StopPreview,
)
from plugin_protocol.session import PeerLost

# Each function takes the message type that it stands under, which a dict cannot say: hence the "...".
Table = dict[type, Callable[..., Awaitable[FromDaemon | None]]]


class PluginDoor:
    """All methods are [loop]."""

    def __init__(
        self,
        *,
        instances: Instances,
        keeping: Keeping,
        previews: Previews,
        windows: Windows,
        status: DaemonStatus,
        account: Account,
        sounding_s: Callable[[Instance], float],
    ) -> None:
        """sounding_s: how much sound of a plugin the disk has."""
        self._instances = instances
        self._keeping = keeping
        self._previews = previews
        self._windows = windows
        self._status = status
        self._account = account
        self._sounding_s = sounding_s
        self._table: Table = {
            RingOpened: self._instances.attach,
            RingClosed: self._ring_closed,
            Heartbeat: self._heartbeat,
            Keep: self._keep,
            Play: self._previews.handle,
            StopPreview: self._previews.handle,
            PreviewHeard: self._previews.handle,
            Goodbye: self._left,
            PeerLost: self._left,
            **dict.fromkeys(FromWindow.__args__, self._window),
        }

    @property
    def answered(self) -> frozenset[type]:
        """The message types that are acted on here."""
        return frozenset(self._table)

    async def handle(self, peer: Peer, message: FromPeer) -> FromDaemon | None:
        """One message of one plugin; the endpoint calls it in the order sent."""
        instance, replaced = self._instances.seen(peer)
        if replaced:
            await self._previews.handle(replaced, PeerLost(reason="it came over a new connection"))
        return await self._table[type(message)](instance, message)

    def beat(self, peer: Peer, message: Heartbeat) -> Alive | None:
        """A sign of life of a plugin that is known, for which nothing has to be waited; None: of another."""
        instance = self._instances.known(peer)
        return self._alive(instance, message) if instance else None

    async def _heartbeat(self, instance: Instance, message: Heartbeat) -> Alive:
        return self._alive(instance, message)

    def _alive(self, instance: Instance, message: Heartbeat) -> Alive:
        self._instances.beat(instance, message.track_name, message.trouble)
        return Alive(
            relay_state=self._status.link or "no_relay",
            account=self._account.name,
            friends_producing=len(self._status.friends),
            trouble=self._status.trouble,
            relay_url=self._account.relay_url or "",
            friends=joined(self._status.friends, LINE_CHARACTERS),
            reach_ms=round(1000 * self._sounding_s(instance)),
        )

    async def _keep(self, instance: Instance, message: Keep) -> Kept | KeepFailed:
        """One Keep, one answer; `asked` lets the plugin say it again after a lost answer."""
        ask = Ask(
            bars=message.bars,
            seconds=message.seconds,
            at_frame=message.at_frame,
            generation=message.generation,
            first_frame=message.first_frame,
            snap=message.snap or message.first_frame is None,
            title=message.title,
            post=message.post,
            asked=f"{instance.name}:{message.id}",
        )
        try:
            take, entry = await self._keeping.keep(instance, ask)
        except Exception as error:
            told = sentence_of(error, "Keep")
            return KeepFailed(id=message.id, code=told.code, message=told.line)
        return Kept(
            id=message.id,
            take_id=take.take_id,
            frames=take.frames,
            bars=take.cut.bars or 0,
            anchored=take.cut.anchored,
            note=take.cut.note[:MAX_CHARACTERS],
            name=take.name,
            held_ms=held_ms(entry),
        )

    async def _ring_closed(self, instance: Instance, message: RingClosed) -> None:
        """The open descriptor keeps the old history until the next Ring comes."""

    async def _window(self, instance: Instance, message: FromWindow) -> None:
        await self._windows.handle(instance, message)

    async def _left(self, instance: Instance, message: Goodbye | PeerLost) -> None:
        self._instances.left(instance, closed=isinstance(message, Goodbye))
        await self._previews.handle(instance, message)
        self._windows.gone(instance.peer)

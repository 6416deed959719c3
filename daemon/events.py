"""What parts of the daemon tell each other: one frozen struct for each thing that can happen, and the bus that carries it.

A part tells what has happened and knows nobody who listens; a part that wants to know says so when it is built. So a
feature never imports a feature, and what follows from a deed is the same whichever door it came through. Told after the
library has it: whoever looks, finds it so.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

from bridge.control import PreviewInfo
from daemon.config import Config
from daemon.core.link_signals import LinkState
from daemon.core.outbox import Entry
from daemon.errors import Obstacle
from relay.wire.events import Presence
from relay.wire.rest import AudioPost

log = logging.getLogger(__name__)


class Event(Struct, frozen=True, kw_only=True):
    """Common shape."""

    def brief(self) -> str:
        """For the log: its name, and its plain values and ids."""
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return " ".join([type(self).__name__, *(f"{name}={_brief(value)}" for name, value in values)])


# takes and their way to the relay -----------------------------------------------------------------------------------


class TakeKept(Event, frozen=True, kw_only=True):
    """A new Take is durable. entry: its Entry, if it is to be posted."""

    take_id: str
    entry: Entry | None = None


class PartKept(Event, frozen=True, kw_only=True):
    """A Take was made of these frames of a Ring. ring: its name in the journal, also of one that is gone."""

    ring: str
    first_frame: int
    end_frame: int


class TakeReset(Event, frozen=True, kw_only=True):
    """A Take is as it was kept: whatever was made of its sound is to be made anew."""

    take_id: str


class TakeChanged(Event, frozen=True, kw_only=True):
    """What is shown of a Take is otherwise now: its title, its figures, or that it cannot be rendered."""

    take_id: str


class TakeDiscarded(Event, frozen=True, kw_only=True):
    """A Take is in no list any more; it can be restored for a while, and is changed then."""

    take_id: str


class TakeDeleted(Event, frozen=True, kw_only=True):
    """A Take and its sound are gone."""

    take_id: str


class TakeProgressed(Event, frozen=True, kw_only=True):
    """The pipeline has done a stage. fraction: 0 to 1, of the whole."""

    take_id: str
    stage: str
    fraction: float


class TakeRendered(Event, frozen=True, kw_only=True):
    """The lossless copy is durable: an upload may begin."""

    take_id: str


class TakeAnalysed(Event, frozen=True, kw_only=True):
    """What is heard in a Take is known: a post may say it."""

    take_id: str


class EntryChanged(Event, frozen=True, kw_only=True):
    """An Entry is new, or in another state, or was told why it waits."""

    entry: Entry


class EntryProgressed(Event, frozen=True, kw_only=True):
    """A part of an upload has arrived at the relay."""

    take_id: str
    sent_bytes: int
    size_bytes: int


class PostingPaused(Event, frozen=True, kw_only=True):
    """Nothing sets out any more, or again what waits does."""

    paused: bool


# the relay, and who we are there ------------------------------------------------------------------------------------


class LinkChanged(Event, frozen=True, kw_only=True):
    """The link's state, or who of those followed is producing. obstacle: why the relay cannot be reached, as far as it is known."""

    state: LinkState
    friends: tuple[str, ...] = ()
    obstacle: Obstacle = ""


class AccountChanged(Event, frozen=True, kw_only=True):
    """Whose this device is, what stands in the way of that, or how a claim goes on; the account says what."""


class ItemArrived(Event, frozen=True, kw_only=True):
    """Somebody else's Post is new in the feed."""

    post: AudioPost


class PostChanged(Event, frozen=True, kw_only=True):
    """A Post that was known is otherwise now, by something done here or by its author."""

    post: AudioPost


class PostRemoved(Event, frozen=True, kw_only=True):
    """A Post is deleted, or not for this account any more: nothing of it stays here."""

    post_id: str


class FollowsChanged(Event, frozen=True, kw_only=True):
    """Somebody is followed, or is not any more."""

    username: str
    follow: bool


class CreationChanged(Event, frozen=True, kw_only=True):
    """A loop, song, pattern or machine of the library is otherwise, new, or gone."""

    creation_id: str


class DeedsWait(Event, frozen=True, kw_only=True):
    """A like, reaction or follow waits for the relay, or does not any more."""


class DeedRefused(Event, frozen=True, kw_only=True):
    """The relay said no to a deed that had waited. sentence: which, and why."""

    sentence: str


class NotificationsChanged(Event, frozen=True, kw_only=True):
    """So many notifications are unread now. kind, sentence: of what is new, "" if nothing is; url: where it can be looked at.
    acts: how many it tells of together.
    """

    unread: int
    kind: str = ""
    sentence: str = ""
    url: str = ""
    acts: int = 0


class PresenceChanged(Event, frozen=True, kw_only=True):
    """What followers are told of this device is something else now."""

    presence: Presence


# plugins ------------------------------------------------------------------------------------------------------------


class PluginsChanged(Event, frozen=True, kw_only=True):
    """An Instance came, went, has another Ring, or is on another track."""


class PluginAlive(Event, frozen=True, kw_only=True):
    """An Instance gave a sign of life: once a second each."""


class PluginClosed(Event, frozen=True, kw_only=True):
    """An Instance said goodbye; one that falls silent does not. instance: its name."""

    instance: str


class PreviewChanged(Event, frozen=True, kw_only=True):
    """What is played through a plugin, and how far it is."""

    preview: PreviewInfo


class HistoryChanged(Event, frozen=True, kw_only=True):
    """What was recovered, or why the journal is not written. news: sentences, the newest first; trouble: "" if none."""

    news: tuple[str, ...]
    trouble: str


# the daemon itself --------------------------------------------------------------------------------------------------


class NewerVersion(Event, frozen=True, kw_only=True):
    """The update check was answered. version: "" when none is newer than this."""

    version: str


class SettingsChanged(Event, frozen=True, kw_only=True):
    """The settings were read again. config: what holds from now on. sentences: what of them does not fit, or has to wait."""

    config: Config
    sentences: tuple[str, ...] = ()


class DiskTroubled(Event, frozen=True, kw_only=True):
    """A part has stopped for a moment. sentence: why."""

    sentence: str


class RunFolderTroubled(Event, frozen=True, kw_only=True):
    """What is the matter with the run folder. sentence: "" when nothing is any more."""

    sentence: str


class LinkedFolderTroubled(Event, frozen=True, kw_only=True):
    """What is the matter with the folder of links. sentence: "" when nothing is, or is any more."""

    sentence: str


class PluginsShutOut(Event, frozen=True, kw_only=True):
    """No new plugin could be let in just now: descriptors or memory are used up."""


class StatusChanged(Event, frozen=True, kw_only=True):
    """Something that the status shows; ten times a second at most."""


def _brief(value: object) -> str:
    match value:
        case Entry():
            return f"{value.entry_id} {value.state}"
        case AudioPost():
            return value.id
        case str() | int() | float():
            return str(value)
    return type(value).__name__


E = TypeVar("E", bound=Event)
K = TypeVar("K")
V = TypeVar("V")


class Bus:
    """Carries events from whoever tells them to whoever asked for their type. [loop]"""

    def __init__(self) -> None:
        self._listeners: dict[type[Event], list[Callable[..., object]]] = defaultdict(list)

    def on(self, kind: type[E], act: Callable[[E], object]) -> None:
        """Call `act` with each event of exactly this type from now on. It must not wait, and its result is ignored."""
        self._listeners[kind].append(act)

    def tell(self, event: Event) -> None:
        """Tell all who asked for it, in the order in which they asked, before this returns.

        A listener that fails is a bug; it is logged, and neither the teller nor the other listeners notice.
        """
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s", event.brief())
        for act in tuple(self._listeners[type(event)]):
            try:
                act(event)
            except Exception:
                log.exception("%s was not acted on by %r", type(event).__name__, act)


class Pending(Generic[K, V]):
    """Work that a listener leaves for its own task: for each key the newest value only, the oldest key first. [loop]"""

    def __init__(self) -> None:
        self._values: dict[K, V] = {}
        self._news = asyncio.Event()

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._news.set()

    async def next(self) -> tuple[K, V]:
        """The longest waiting; waits until there is one."""
        while not self._values:
            self._news.clear()
            await self._news.wait()
        key = next(iter(self._values))
        return key, self._values.pop(key)

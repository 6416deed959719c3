"""The relay's stores, hub and live feed on one database, without HTTP: for tests of what is told and shown to whom."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from relay.app.listening import EFFECTS
from relay.core.visibility import Visibility
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.clock import new_id
from relay.engine.database import Database, Effect, Tx, open_database
from relay.engine.objects.folder import FolderObjects
from relay.features.accounts.api import ensure_account
from relay.features.comments.api import COMMENT, MENTION, REPLY, tell_comments
from relay.features.creations.drawing import outline
from relay.features.creations.figures import Card, Figures
from relay.features.creations.kinds import LOSSLESS, PREVIEW, Kind
from relay.features.creations.owning import Owning
from relay.features.creations.removals import Removals
from relay.features.creations.store import Asset, NewCreation, publish
from relay.features.creations.telling import tellers as tellers_of_posts
from relay.features.creations.written import version_of, written
from relay.features.graph.api import TELLERS
from relay.features.live.encoding import Encoding
from relay.features.live.hub import Connection, Hub
from relay.features.live.presence import PresenceBoard
from relay.features.live.service import Live, Snapshot, tell_by
from relay.features.live.telling import Tellers
from relay.features.moderation.telling import SUSPENDED, tell_suspended
from relay.features.reactions.api import NEW_LIKE, NEW_REACTION, tell_likes, tell_reactions
from relay.features.reactions.keeping import NEW_REPOST, tell_reposts, tell_shown
from relay.features.reactions.showing import SHOWN
from relay.wire.events import CLOSE_SHUTDOWN, Connect, Event, Frames
from relay.wire.scores import LoopScore, Step
from tests.support.deadlines import HANG_S

BASE_URL = "http://r"
CARD = Card(
    frames=4,
    sample_rate_hz=48_000,
    duration_ms=1,
    loudness_reason="silent",
    mp3_frames=4,
    mp3_rate_hz=48_000,
    outline=outline([0], [0]),
)
FIGURES = Figures(card=CARD, bar_fractions=[], peak_min=[0], peak_max=[0])
TAG = "loop"
"""Of every post that is made here."""
DEADLINE_S = HANG_S


class House:
    """held: commits wait in `pending`, unheard of by the hub, though a reader sees them. told: who else hears of each effect. [loop]"""

    def __init__(self) -> None:
        self.told: list[Callable[[Effect], None]] = []
        self.held = False
        self.pending: list[tuple[int, list[Effect]]] = []
        self.db: Database
        self.hub: Hub
        self.live: Live
        self.owning: Owning
        self.removals: Removals

    def on_commit(self, number: int, effects: Sequence[Effect]) -> None:
        self.pending.append((number, list(effects)))
        if not self.held:
            self.let_go()

    def let_go(self) -> None:
        """The hub hears of all that it has not heard of."""
        for number, effects in self.pending:
            self.hub.commit(number, effects)
            for tell in self.told:
                for effect in effects:
                    tell(effect)
        self.pending.clear()

    async def settled(self) -> None:
        """The hub has handed out all that it has heard of."""
        async with asyncio.timeout(DEADLINE_S):
            while not self.pending and self.hub.applied < self.db.applied:
                await asyncio.sleep(0)

    async def account(self, name: str) -> str:
        return await self.db.write(lambda tx: ensure_account(tx, name, 0))

    def connection(self, account_id: str) -> Connection:
        return Connection(account_id=account_id, device=None, family_id=None, encoding=Encoding.MSGPACK)

    async def join(self, connection: Connection, cursor: str | None, **options: bool) -> Snapshot:
        """Register and read; `hub.go_live(connection, snapshot.entry)` is the caller's."""
        self.hub.register(connection)
        return await self.live.snapshot(connection, Connect(cursor=cursor, **options))


@asynccontextmanager
async def house(url: str, shelf: FolderObjects | None = None) -> AsyncIterator[House]:
    """shelf: that of a test that makes thousands of houses; else it has one of its own."""
    if shelf is not None:
        async with _house(url, shelf) as made:
            yield made
        return
    with tempfile.TemporaryDirectory() as folder:
        async with _house(url, FolderObjects(Path(folder) / "objects")) as made:
            yield made


@asynccontextmanager
async def _house(url: str, shelf: FolderObjects) -> AsyncIterator[House]:
    made = House()
    tellers = Tellers(
        {
            **tellers_of_posts(BASE_URL),
            **TELLERS,
            NEW_LIKE: tell_likes,
            NEW_REACTION: tell_reactions,
            NEW_REPOST: tell_reposts,
            SHOWN: partial(tell_shown, BASE_URL),
            SUSPENDED: tell_suspended,
            **dict.fromkeys((COMMENT, REPLY, MENTION), tell_comments),
        }
    )
    made.db = open_database(url, effects=EFFECTS, on_commit=made.on_commit, on_lost=_never)
    made.hub = Hub(tell_by(made.db, tellers), made.db.applied)
    made.removals = Removals(made.db, shelf)
    made.owning = Owning(made.db, shelf, made.removals, BASE_URL)
    made.live = Live(made.db, PresenceBoard(made.hub, MemoryBus(MemoryWire()), _nobody), tellers)
    running = asyncio.create_task(made.hub.run())
    try:
        yield made
        assert not running.done()
    finally:
        running.cancel()
        await made.db.close()


async def waiting(connection: Connection) -> list[Event]:
    """The events that wait for a connection, which is closed by it."""
    connection.outbox.close(CLOSE_SHUTDOWN, "")
    frames, found = Frames(json=False), list[Event]()
    while (data := connection.outbox.next_frame()) is not None:
        found += [each for each in frames.of_relay(data)[1] if isinstance(each, Event)]
    return found


def new_post(
    tx: Tx,
    owner_id: str,
    *,
    title: str = "",
    at_us: int = 0,
    visibility: Visibility = Visibility.PUBLIC,
    sha256: str = "0" * 64,
    bpm: float | None = None,
    key: str | None = None,
    tags: Sequence[str] = (TAG,),
    parent_id: str | None = None,
    vector: bytes | None = None,
) -> str:
    """Its id. Two assets, of one object, which nobody stored unless it is named. [writer]"""
    new = NewCreation(
        id=new_id(),
        version_id=new_id(),
        owner_id=owner_id,
        kind=Kind.POST,
        visibility=visibility,
        title=title,
        bpm=bpm,
        key=key,
        tags=list(tags),
        daw=None,
        figures=FIGURES,
        assets=[
            Asset(role=role, sha256=sha256, size_bytes=1, mime="audio/flac") for role in (PREVIEW, LOSSLESS)
        ],
        at_us=at_us,
        parent_id=parent_id,
        vector=vector,
    )
    publish(tx, new)
    return new.id


def new_loop(tx: Tx, owner_id: str, visibility: Visibility = Visibility.PUBLIC) -> str:
    """The id of a loop of the studio, without a sound. [writer]"""
    loop = written(LoopScore(name="Dusk", bars=1, steps=[Step(step=0, sound="drum-kick")]))
    version = version_of(loop, 0)
    new = NewCreation(
        id=new_id(),
        version_id=version.id,
        owner_id=owner_id,
        kind=loop.kind,
        visibility=visibility,
        title=loop.name,
        bpm=version.bpm,
        key=version.key,
        tags=[],
        daw=None,
        figures=version.figures,
        assets=[],
        at_us=0,
        score=version.score,
    )
    publish(tx, new)
    return new.id


def _never(number: int) -> None:
    raise AssertionError(f"the log was lost at {number}")


async def _nobody(_: list[str]) -> dict[str, str]:
    return {}

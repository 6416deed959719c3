"""Commits, as the processes of a relay hear of them, and who has to know what."""

import asyncio
from collections.abc import Sequence

from relay.engine.clock import now_us
from relay.engine.database import Database, Effect
from relay.engine.jobs.table import JobChanged, JobReady
from relay.engine.jobs.workers import Workers
from relay.features.accounts.api import SessionEnded
from relay.features.coediting.api import Coedited
from relay.features.coediting.rooms import Rooms
from relay.features.comments.api import CommentChanged
from relay.features.comments.board import CommentBoard
from relay.features.creations.api import ShownOtherwise
from relay.features.creations.board import PostBoard
from relay.features.deliveries.delivering import Delivering
from relay.features.devices.families import Revoked, revoked_families
from relay.features.feeds.page_cache import PageCache
from relay.features.jobs.progress import ProgressBoard
from relay.features.listening.track_board import TrackBoard
from relay.features.live.api import Blocked, Followed, Happened, Muted, Unfollowed
from relay.features.live.hub import Hub
from relay.features.notifications.api import NotificationsChanged
from relay.features.notifications.board import NotificationBoard
from relay.features.recommending.api import VectorChanged
from relay.features.recommending.sounds import Sounds

EFFECTS = (
    Happened
    | Followed
    | Unfollowed
    | Blocked
    | Muted
    | Revoked
    | SessionEnded
    | JobReady
    | JobChanged
    | CommentChanged
    | Coedited
    | ShownOtherwise
    | VectorChanged
    | NotificationsChanged
)
"""All that a commit may tell the processes of a relay."""
_DECIDING = ShownOtherwise | Blocked | Unfollowed
"""Of these: what may decide who sees something."""


class Listening:
    """Hands effects on. revoked: sign-ins whose tokens no longer count; it is kept up to date here. [loop]

    hub, workers, progress, comments, posts, notifications, deliveries, pages, rooms and sounds need the database to be made, and the database needs this: they are set once they are there.
    """

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.hub: Hub | None = None
        self.workers: Workers | None = None
        self.progress: ProgressBoard | None = None
        self.comments: CommentBoard | None = None
        self.posts: PostBoard | None = None
        self.notifications: NotificationBoard | None = None
        self.deliveries: Delivering | None = None
        self.pages: PageCache | None = None
        self.rooms: Rooms | None = None
        self.tracks = TrackBoard(self.revoked)
        self.sounds: Sounds | None = None
        self._missed = asyncio.Event()

    def on_commit(self, number: int, effects: Sequence[Effect]) -> None:
        """The next commit that has effects, of whichever process."""
        for effect in effects:
            match effect:
                case Revoked(family_id=family_id):
                    self.revoked.add(family_id)
                    for sockets in self._sockets():
                        sockets.end_family(family_id)
                case SessionEnded(session_id=session_id):
                    for sockets in self._sockets():
                        sockets.end_session(session_id)
                case Happened() if self.posts is not None:
                    self.posts.happened(effect)
                case CommentChanged() if self.comments is not None:
                    self.comments.changed(effect)
                case NotificationsChanged():
                    if self.notifications is not None:
                        self.notifications.changed(effect)
                    if self.deliveries is not None:
                        self.deliveries.wake()
                case ShownOtherwise() if self.pages is not None:
                    self.pages.forget()
                case VectorChanged() if self.sounds is not None:
                    self.sounds.changed(effect)
                case Coedited(creation_id=creation_id) if self.rooms is not None:
                    self.rooms.changed(creation_id)
                case JobReady() if self.workers is not None:
                    self.workers.ready()
                case JobChanged():
                    if self.workers is not None:
                        self.workers.changed(effect)
                    if self.progress is not None:
                        self.progress.changed(effect)
        if self.rooms is not None and any(isinstance(each, _DECIDING) for each in effects):
            self.rooms.recheck()
        if self.hub is not None:
            self.hub.commit(number, effects)

    def on_lost(self, number: int) -> None:
        """The effects of commits up to this one can no longer be told."""
        if self.hub is not None:
            self.hub.lost(number)
        if self.workers is not None:
            self.workers.ready()
        if self.pages is not None:
            self.pages.forget()
        if self.sounds is not None:
            self.sounds.lost()
        if self.rooms is not None:
            self.rooms.lost()
        self.tracks.close_all()
        self._missed.set()

    def _sockets(self) -> list[Hub | Rooms | TrackBoard]:
        """Whose connections end with a sign-in."""
        return [each for each in (self.hub, self.rooms, self.tracks) if each is not None]

    async def load_revoked(self, db: Database) -> None:
        """Which sign-ins were ended before we listened, or while we did not."""
        self.revoked |= await db.read(lambda reader: revoked_families(reader, now_us()))

    async def catch_up(self, db: Database) -> None:
        """Which sign-ins were ended in commits that nobody told us of, for ever. One task of the process does."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            await self.load_revoked(db)

"""How often a post is heard, and where one stops. Each account, or address, counts once a day; who it was is not kept
(features/analytics/events.py).
"""

from msgspec import Struct

from relay.core.calls import AnyCall
from relay.core.places import counted_as
from relay.core.privacy_signal import is_private
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.analytics import api as analytics
from relay.features.creations import api as creations
from relay.features.feeds import api as feeds
from relay.wire.rest import Played, Stopped, StopTold


class Hearer(Struct, frozen=True, kw_only=True):
    """Who hears it. address: of the caller, as it is counted. is_private: a browser says that nobody at it is to be counted."""

    account_id: str | None
    address: str
    is_private: bool

    @property
    def who(self) -> str:
        return self.account_id or self.address

    def is_counted(self, db: Connection) -> bool:
        """[any thread with a snapshot]"""
        return not self.is_private and (self.account_id is None or analytics.is_counted(db, self.account_id))


def hearer_of(call: AnyCall) -> Hearer:
    """[any]"""
    return Hearer(
        account_id=call.actor.user_id,
        address=counted_as(call.address),
        is_private=is_private(call.headers),
    )


class Plays:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def play(self, hearer: Hearer, post_id: str) -> Played:
        """Somebody hears it. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> Played:
            post = creations.reactable(tx.db, post_id, hearer.account_id or "", self._base_url)
            if hearer.account_id == post.user_id or not hearer.is_counted(tx.db):
                return Played(play_count=post.play_count, counted=False)
            now = now_us()
            if not analytics.note_play(tx, post.id, hearer.who, now):
                return Played(play_count=post.play_count, counted=False)
            creations.count_play(tx, post.id)
            if hearer.account_id is not None:
                feeds.give(tx, post.id, hearer.account_id, feeds.Sign.PLAY, now)
            return Played(play_count=post.play_count + 1, counted=True)

        return await self._db.write(work)

    async def stop(self, hearer: Hearer, post_id: str, stopped: Stopped) -> StopTold:
        """Somebody who heard it today stopped there. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> StopTold:
            post = creations.reactable(tx.db, post_id, hearer.account_id or "", self._base_url)
            duration_ms = post.duration_ms
            if duration_ms == 0 or hearer.account_id == post.user_id or not hearer.is_counted(tx.db):
                return StopTold(counted=False)
            thousandth = analytics.THOUSANDTHS * min(stopped.position_ms, duration_ms) // duration_ms
            counted = analytics.note_stop(tx, post.id, hearer.who, thousandth, now_us())
            return StopTold(counted=counted)

        return await self._db.write(work)

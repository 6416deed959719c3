"""The tables play_day and play: how often a post is heard. Each account, or address, counts once a day.

An address is hashed with a salt that only this day has, and that is thrown away with it: who heard what cannot be told
from what is left.
"""

import hashlib
import secrets

from relay.core.access import Actor
from relay.core.places import counted_as
from relay.engine.clock import now_us
from relay.engine.database import Database, Tx
from relay.features.creations import api as creations
from relay.features.feeds import api as feeds
from relay.wire.rest import Played

DAY_US = 86_400_000_000
KEPT_DAYS = 1
"""After its own; then nobody asks any more whether somebody was counted."""
FORGOTTEN_AT_ONCE = 5_000


class Plays:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def play(self, actor: Actor, address: str, post_id: str) -> Played:
        """Somebody hears it. Raises Refusal: not_found, gone."""

        def work(tx: Tx) -> Played:
            post = creations.reactable(tx.db, post_id, actor.user_id or "", self._base_url)
            if actor.user_id == post.user_id:
                return Played(play_count=post.play_count, counted=False)
            now = now_us()
            who = _who(tx, now // DAY_US, actor.user_id or counted_as(address))
            new = tx.db.execute(
                "INSERT INTO play (day, creation_id, who) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                (now // DAY_US, post.id, who),
            ).fetchone()
            if new is None:
                return Played(play_count=post.play_count, counted=False)
            creations.count_play(tx, post.id)
            if actor.user_id is not None:
                feeds.give(tx, post.id, actor.user_id, feeds.Sign.PLAY, now)
            return Played(play_count=post.play_count + 1, counted=True)

        return await self._db.write(work)

    async def forget(self) -> None:
        """Who heard what on days that are over. A task of the process calls it."""
        while await self._db.write(_forget_some):
            pass


def _who(tx: Tx, day: int, who: str) -> bytes:
    tx.db.execute(
        "INSERT INTO play_day (day, salt) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (day, secrets.token_bytes(32)),
    )
    (salt,) = tx.db.execute("SELECT salt FROM play_day WHERE day = ?", (day,)).fetchone()
    return hashlib.blake2b(who.encode(), key=salt, digest_size=32).digest()


def _forget_some(tx: Tx) -> bool:
    """Whether there may be more."""
    before = now_us() // DAY_US - KEPT_DAYS
    gone = tx.db.execute(
        "DELETE FROM play WHERE (day, creation_id, who) IN"
        " (SELECT day, creation_id, who FROM play WHERE day < ? LIMIT ?) RETURNING 1",
        (before, FORGOTTEN_AT_ONCE),
    ).fetchall()
    tx.db.execute("DELETE FROM play_day WHERE day < ?", (before,))
    return len(gone) == FORGOTTEN_AT_ONCE

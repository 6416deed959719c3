"""What the library remembers of the relay: Items of the feed, the cursor up to where they are applied, who this device is."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from daemon.core.items import as_it_stands, as_item, place
from daemon.core.meant import called
from daemon.library.database import Database
from relay.wire.rest import AudioPost, FeedPost

MAX_ITEMS = 500  # of the feed, the newest; the rest is the relay's to tell


class FeedCache(Database):
    """Methods are [worker]."""

    def cursor(self) -> str | None:
        """Up to where this account's events are applied; None: it has never been connected."""
        row = self._db.execute("SELECT cursor FROM link_cursor").fetchone()
        return row[0] if row else None

    def apply_events(
        self,
        posts: Iterable[AudioPost],
        cursor: str | None,
        *,
        changed: Iterable[AudioPost] = (),
        removed: Iterable[str] = (),
    ) -> None:
        """What events say and the cursor that says they are applied, in one transaction: applied exactly once. None: it stays.

        posts: new ones, or where and as the relay has them now. changed: do not join the Items from further back than they reach.
        """
        with self._transaction() as db:
            self._put_items(db, posts)
            oldest = db.execute("SELECT min(created_at) FROM item").fetchone()[0]
            self._put_items(db, [post for post in changed if oldest and place(post) >= oldest])
            db.executemany("DELETE FROM item WHERE post_id = ?", [(post_id,) for post_id in removed])
            if cursor is not None:
                db.execute("INSERT OR REPLACE INTO link_cursor (one, cursor) VALUES (1, ?)", (cursor,))

    def apply_page(
        self, posts: Sequence[AudioPost], *, is_last: bool, cursor: str | None = None
    ) -> list[str]:
        """A page of the relay is the whole truth of its stretch: the ids of Items in it that are there no longer.

        is_last: there is nothing older. cursor: as for `apply_events`.
        """
        places = [(place(post), post.id) for post in posts]
        known = {post.id for post in posts}
        gone: list[str] = []
        if places:
            first, last = max(places), ("", "") if is_last else min(places)
            stretch = "(created_at, post_id) <= (?, ?) AND (created_at, post_id) >= (?, ?)"
            rows = self._db.execute(f"SELECT post_id FROM item WHERE {stretch}", (*first, *last)).fetchall()
            gone = [post_id for (post_id,) in rows if post_id not in known]
        self.apply_events(posts, cursor, removed=gone)
        return gone

    @staticmethod
    def _put_items(db: sqlite3.Connection, posts: Iterable[AudioPost]) -> None:
        for post in posts:
            db.execute(
                "INSERT INTO item (post_id, created_at, post) VALUES (?, ?, ?)"
                " ON CONFLICT (post_id) DO UPDATE SET created_at = excluded.created_at, post = excluded.post",
                (post.id, place(post), msgspec.json.encode(post).decode()),
            )
        db.execute(
            "DELETE FROM item WHERE post_id NOT IN (SELECT post_id FROM item"
            " ORDER BY created_at DESC, post_id DESC LIMIT ?)",
            (MAX_ITEMS,),
        )

    def change_item(self, post: AudioPost) -> AudioPost:
        """A Post as it is now, if it is one of the Items here: what is liked by its address does not join the feed.

        The Item as it stands then; or the Post.
        """
        with self._transaction() as db:
            for item in _posts_of(
                db.execute("SELECT post FROM item WHERE post_id = ?", (post.id,)).fetchall()
            ):
                post = as_it_stands(item, post)
                text = msgspec.json.encode(post).decode()
                db.execute("UPDATE item SET post = ? WHERE post_id = ?", (text, post.id))
        return post

    def items(self, limit: int) -> list[AudioPost]:
        """Cached Items, newest first."""
        rows = self._db.execute(
            "SELECT post FROM item ORDER BY created_at DESC, post_id DESC LIMIT ?", (limit,)
        )
        return _posts_of(rows)

    def items_before(self, limit: int, created_at: str | None, post_id: str | None) -> list[AudioPost]:
        """Cached Items older than the one named, newest first; None: the newest of all."""
        rows = self._db.execute(
            "SELECT post FROM item WHERE ?1 IS NULL OR (created_at, post_id) < (?1, ?2)"
            " ORDER BY created_at DESC, post_id DESC LIMIT ?3",
            (created_at, post_id, limit),
        )
        return _posts_of(rows)

    def item(self, prefix: str) -> list[AudioPost]:
        """Cached Items whose id begins so; two at most, which is one too many."""
        rows = self._db.execute(
            "SELECT post FROM item WHERE substr(post_id, 1, length(?1)) = ?1 LIMIT 2", (prefix,)
        )
        return _posts_of(rows)

    def items_about(self, post_ids: Iterable[str], user_ids: Iterable[str]) -> dict[str, AudioPost]:
        """Those of these posts that are Items, and all that these people made or show, by the posts' ids."""
        rows: list[sqlite3.Row] = []
        for post_id in dict.fromkeys(post_ids):
            rows += self._db.execute("SELECT post FROM item WHERE post_id = ?", (post_id,))
        for user_id in dict.fromkeys(user_ids):
            rows += self._db.execute(
                "SELECT post FROM item WHERE json_extract(post, '$.user_id') = ?1"
                " OR json_extract(post, '$.reposted_by_id') = ?1",
                (user_id,),
            )
        return {post.id: post for post in _posts_of(rows)}

    def items_called(self, title: str) -> list[AudioPost]:
        """Cached Items of that title (daemon.core.meant), the newest first; two at most, which is one too many."""
        rows = self._db.execute("SELECT post FROM item ORDER BY created_at DESC, post_id DESC")
        return [post for post in _posts_of(rows) if called(post.title, title)][:2]

    def remove_item(self, post_id: str) -> None:
        """Deleted, or not for this account any more."""
        with self._transaction() as db:
            db.execute("DELETE FROM item WHERE post_id = ?", (post_id,))

    def forget_unreadable_items(self) -> None:
        """An older version has stored what this one has tighter bounds for."""
        rows = self._db.execute("SELECT post_id, post FROM item").fetchall()
        with self._transaction() as db:
            for post_id, text in rows:
                if _post_of(text) is None:
                    db.execute("DELETE FROM item WHERE post_id = ?", (post_id,))

    # facts ----------------------------------------------------------------------------------------------------

    def facts(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM fact").fetchall())

    def set_facts(self, facts: Mapping[str, str]) -> None:
        """Who this device is. Another account starts with no cursor, Items or deeds of the last one."""
        with self._transaction() as db:
            before = db.execute("SELECT value FROM fact WHERE name = 'account'").fetchone()
            if before and before[0] != facts.get("account"):
                db.execute("DELETE FROM link_cursor")
                db.execute("DELETE FROM item")
                db.execute("DELETE FROM waiting_deed")
            db.executemany("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", list(facts.items()))


def _post_of(text: str) -> AudioPost | None:
    try:
        return as_item(msgspec.json.decode(text, type=FeedPost))
    except msgspec.MsgspecError:
        return None


def _posts_of(rows: Iterable[sqlite3.Row]) -> list[AudioPost]:
    return [post for row in rows if (post := _post_of(row[0])) is not None]

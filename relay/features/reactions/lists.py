"""Who likes, who reacted, who shows a post to others; and what somebody has saved. In pages, newest first."""

from typing import Any, cast

from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.times import rfc3339
from relay.core.visibility import READABLE, present
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.creations import api as creations
from relay.features.reactions.store import LIKE_COLUMNS, REACTION_COLUMNS, read_reaction
from relay.wire.operations import ManyPaging, Paging, ReactionPaging
from relay.wire.rest import FeedPage, FeedPost, ReactionBy, ReactionPage, Repost, RepostPage

NOT_HIDDEN = present("account_id")
_BEFORE = "(created_us, id) < (:at_us, :before) ORDER BY created_us DESC, id DESC LIMIT :limit"
_LIKES = f"SELECT {LIKE_COLUMNS} FROM creation_like WHERE creation_id = :post AND {NOT_HIDDEN} AND {_BEFORE}"
_REACTIONS = (
    f"SELECT {REACTION_COLUMNS} FROM reaction WHERE creation_id = :post AND (:emoji = '' OR emoji = :emoji)"
    f" AND {NOT_HIDDEN} AND {_BEFORE}"
)
_REPOSTS = (
    "SELECT id, account_id, creation_id, text, created_us FROM repost"
    f" WHERE creation_id = :post AND {NOT_HIDDEN} AND {_BEFORE}"
)
_SAVED = f"""SELECT s.creation_id, s.created_us FROM saved AS s JOIN creation AS c ON c.id = s.creation_id
  WHERE s.account_id = :viewer AND (s.created_us, s.creation_id) < (:at_us, :before) AND {READABLE}
  ORDER BY s.created_us DESC, s.creation_id DESC LIMIT :limit"""


class Lists:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    async def likes(self, viewer: str | None, post_id: str, paging: ManyPaging) -> ReactionPage:
        """Raises Refusal: not_found, gone, cursor_invalid."""
        return await self._people(_LIKES, viewer, post_id, paging)

    async def reactions(self, viewer: str | None, post_id: str, paging: ReactionPaging) -> ReactionPage:
        """Raises Refusal: not_found, gone, cursor_invalid."""
        return await self._people(_REACTIONS, viewer, post_id, paging, emoji=paging.emoji or "")

    async def _people(
        self, sql: str, viewer: str | None, post_id: str, paging: ManyPaging, **more: str
    ) -> ReactionPage:
        def work(db: Connection) -> ReactionPage:
            creations.one(db, post_id, viewer, self._base_url)
            rows, cursor = _rows(db, sql, viewer, post_id, paging, **more)
            found = [read_reaction(row) for row in rows]
            people = accounts.profiles(db, sorted({each.user_id for each in found}))
            shown = [ReactionBy(user=people[each.user_id], reaction=each) for each in found]
            return ReactionPage(reactions=shown, next=cursor)

        return await self._db.read(work)

    async def reposts(self, viewer: str | None, post_id: str, paging: ManyPaging) -> RepostPage:
        """Raises Refusal: not_found, gone, cursor_invalid."""

        return await self._db.read(lambda db: reposts_page(db, viewer, post_id, paging, self._base_url))

    async def saved(self, account_id: str, paging: Paging) -> FeedPage:
        """Raises Refusal: cursor_invalid."""
        details, cursor = await self.saved_details(account_id, paging)
        return FeedPage(posts=[cast(FeedPost, each.post) for each in details], next=cursor)

    async def saved_details(
        self, account_id: str, paging: Paging
    ) -> tuple[list[creations.Detail], str | None]:
        """The same, with what a page draws. Raises Refusal: cursor_invalid."""
        before = read_cursor(paging.cursor) if paging.cursor else BEGINNING

        def work(db: Connection) -> tuple[list[creations.Detail], str | None]:
            values = {"viewer": account_id, "at_us": before.at_us, "before": before.id}
            rows = db.execute(_SAVED, {**values, "limit": paging.limit + 1}).fetchall()
            shown = rows[: paging.limit]
            more = write_cursor(Cursor(shown[-1][1], shown[-1][0])) if len(rows) > paging.limit else None
            found = creations.by_ids(db, [post_id for post_id, _ in shown], account_id)
            return [creations.detail(found[id_], self._base_url, "saved") for id_, _ in shown], more

        return await self._db.read(work)


def reposts_page(
    db: Connection, viewer: str | None, post_id: str, paging: ManyPaging, base_url: str
) -> RepostPage:
    """Raises Refusal: not_found, gone, cursor_invalid. [any thread with a snapshot]"""
    creations.one(db, post_id, viewer, base_url)  # what one may not see has no lists either
    rows, cursor = _rows(db, _REPOSTS, viewer, post_id, paging)
    return RepostPage(reposts=reposts_of(db, rows), next=cursor)


def _rows(
    db: Connection, sql: str, viewer: str | None, post_id: str, paging: ManyPaging, **more: str
) -> tuple[list[Any], str | None]:  # any: rows of a statement
    before = read_cursor(paging.cursor) if paging.cursor else BEGINNING
    values = {"viewer": viewer or "", "post": post_id, "at_us": before.at_us, "before": before.id}
    rows = db.execute(sql, {**values, "limit": paging.limit + 1, **more}).fetchall()
    last = rows[paging.limit - 1] if len(rows) > paging.limit else None
    return rows[: paging.limit], None if last is None else write_cursor(Cursor(last[4], last[0]))


def reposts_of(db: Connection, rows: list[tuple[str, str, str, str, int]]) -> list[Repost]:
    """rows: id, account, creation, text, time. None of who is suspended. [any thread with a snapshot]"""
    people = accounts.present(db, sorted({row[1] for row in rows}))
    return [
        Repost(id=id_, post_id=post_id, user=people[who], text=text, created_at=rfc3339(at_us))
        for id_, who, post_id, text, at_us in rows
        if who in people
    ]

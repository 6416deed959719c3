"""Writing, reading, editing and deleting comments: whoever may see what they are on, and nobody across a block."""

from contextlib import suppress

from relay.core.access import Action, Actor, authorize
from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.comments import store
from relay.features.comments.rules import SAID_ONCE_US, depth_below, mentioned, require_place, trimmed
from relay.features.comments.store import COMMENT, MENTION, REPLY, CommentChanged, CommentRow, NewRow
from relay.features.creations import api as creations
from relay.features.feeds import api as feeds
from relay.features.live import api as live
from relay.wire.comments import Comment, CommentPage, NewComment
from relay.wire.rest import DEFAULT_PAGE, AudioPost

ERASED_AT_ONCE = 50
"""Of one transaction, where an account goes."""


class Comments:
    """[loop]"""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self._base_url = base_url

    # reading --------------------------------------------------------------------------------------------------

    async def of_post(self, viewer: str | None, post_id: str, cursor: str | None, limit: int) -> CommentPage:
        """Raises Refusal: not_found, gone, cursor_invalid."""
        return await self._db.read(lambda db: self.page(db, viewer, post_id, cursor, limit))

    def page(
        self, db: Connection, viewer: str | None, post_id: str, cursor: str | None, limit: int
    ) -> CommentPage:
        """As of_post. [any thread with a snapshot]"""
        creations.commentable(db, post_id, viewer, self._base_url)
        before = read_cursor(cursor) if cursor else BEGINNING
        rows = store.first_of_threads(db, post_id, viewer, before, limit + 1)
        shown = rows[:limit]
        replies = store.first_answers(db, [each.id for each in shown if each.reply_count], viewer)
        found = [store.shown(each, replies.get(each.id, ())) for each in shown]
        return CommentPage(comments=found, next=_next(rows, limit))

    def newest(self, db: Connection, viewer: str | None, post_id: str, cursor: str | None) -> CommentPage:
        """A page for people, as `page` gives it. [any thread with a snapshot]"""
        return self.page(db, viewer, post_id, cursor, DEFAULT_PAGE)

    async def one(self, viewer: str | None, comment_id: str) -> Comment:
        """Raises Refusal: not_found."""
        return await self._db.read(lambda db: _shown(db, viewer, comment_id))

    async def post_of(self, viewer: str | None, comment: Comment) -> AudioPost:
        """What it is on. Raises Refusal: not_found, gone."""
        return await self._db.read(
            lambda db: creations.commentable(db, comment.post_id, viewer, self._base_url)
        )

    async def replies(
        self, viewer: str | None, comment_id: str, cursor: str | None, limit: int
    ) -> CommentPage:
        """Raises Refusal: not_found, cursor_invalid."""
        after = read_cursor(cursor) if cursor else store.OLDEST

        def work(db: Connection) -> CommentPage:
            root = _seen(db, viewer, comment_id)
            rows = store.answers(db, root.root_id, viewer, after, limit + 1)
            return CommentPage(comments=[store.shown(each) for each in rows[:limit]], next=_next(rows, limit))

        return await self._db.read(work)

    # writing --------------------------------------------------------------------------------------------------

    async def write(self, author_id: str, post_id: str, given: NewComment) -> Comment:
        """Raises Refusal: not_found, gone, validation."""
        words = trimmed(given.text)

        def work(tx: Tx) -> Comment:
            post = creations.commentable(tx.db, post_id, author_id, self._base_url)
            parent = None if given.parent_id is None else _seen(tx.db, author_id, given.parent_id)
            if parent is not None and (parent.creation_id != post_id or not parent.is_ready):
                raise _no_comment()
            require_place(given.position_ms, post.duration_ms, is_answer=parent is not None)
            comment_id = new_id()
            new = NewRow(
                id=comment_id,
                creation_id=post_id,
                author_id=author_id,
                root_id=comment_id if parent is None else parent.root_id,
                parent_id=given.parent_id,
                depth=0 if parent is None else depth_below(parent.depth),
                words=words,
                position_ms=given.position_ms,
                at_us=now_us(),
            )
            said = store.said_just_now(tx.db, new, new.at_us - SAID_ONCE_US)
            if said is None:
                self._insert(tx, post, parent, new)
            return _shown(tx.db, author_id, said or new.id)

        return await self._db.write(work)

    def _insert(self, tx: Tx, post: AudioPost, parent: CommentRow | None, new: NewRow) -> None:
        store.insert(tx, new)
        creations.count_comments(tx, new.creation_id, 1)
        feeds.give(tx, new.creation_id, new.author_id, feeds.Sign.COMMENT, new.at_us)
        told = {new.author_id, *self._mention(tx, new.id, new.author_id, new.words)}
        for kind, account_id in ((REPLY, parent and parent.author_id), (COMMENT, post.user_id)):
            if account_id is not None and account_id not in told:
                told.add(account_id)
                _tell(tx, kind, account_id, new.id, new.author_id)
        _changed(tx, "added", _seen(tx.db, new.author_id, new.id))

    async def edit(self, actor: Actor, comment_id: str, text: str) -> Comment:
        """The same words change nothing. Raises Refusal: not_found, validation."""
        words = trimmed(text)

        def work(tx: Tx) -> Comment:
            row = _own(tx.db, actor, comment_id, Action.COMMENT_EDIT)
            if row.words != words:
                store.rewrite(tx, row.id, words, now_us())
                self._mention(tx, row.id, row.author_id, words)
                _changed(tx, "edited", row)
            return _shown(tx.db, actor.user_id, comment_id)

        return await self._db.write(work)

    async def delete(self, actor: Actor, comment_id: str) -> str:
        """The id of the post that it was on. Raises Refusal: not_found."""

        def work(tx: Tx) -> str:
            row = _own(tx.db, actor, comment_id, Action.COMMENT_DELETE)
            _remove(tx, row)
            return row.creation_id

        return await self._db.write(work)

    async def own(self, actor: Actor, comment_id: str, action: Action) -> Comment:
        """A comment, as whoever may do that is to change it. Raises Refusal: not_found."""
        return store.shown(await self._db.read(lambda db: _own(db, actor, comment_id, action)))

    def _mention(self, tx: Tx, comment_id: str, author_id: str, words: str) -> set[str]:
        """Whom the words name: each is told once of this comment, however often it is edited. [writer]"""
        named: list[str] = []
        for name in mentioned(words):
            with suppress(Refusal):
                named.append(accounts.find(tx.db, name).id)
        store.set_mentions(tx, comment_id, named)
        others = {each for each in named if each != author_id}
        for account_id in sorted(others):
            _tell(tx, MENTION, account_id, comment_id, author_id)
        return others


def _tell(tx: Tx, kind: str, account_id: str, comment_id: str, author_id: str) -> None:
    """[writer]"""
    live.append_once(
        tx,
        act=live.Act(kind=kind, actor_id=author_id, about_id=comment_id, detail=account_id),
        topic=live.inbox_topic(account_id),
        object_id=comment_id,
        at_us=now_us(),
    )


def _changed(tx: Tx, what: str, row: CommentRow) -> None:
    """[writer]"""
    effect = CommentChanged(
        commit=tx.commit,
        what=what,
        comment_id=row.id,
        root_author_id=store.author_of(tx.db, row.root_id),
        author_id=row.author_id,
        creation_id=row.creation_id,
        owner_id=row.owner_id,
    )
    tx.effects.append(effect)


def withdraw(tx: Tx, comment_id: str) -> bool:
    """As a moderator does, whoever's it is; whether it was there. [writer]"""
    row = store.any_of(tx.db, comment_id)
    if row is None:
        return False
    _remove(tx, row)
    return True


def erase_some(tx: Tx, author_id: str) -> bool:
    """What somebody said, once they go; whether there may be more. [writer]"""
    rows = tx.db.execute(
        "SELECT id FROM comment WHERE author_id = ? AND state = 'ready' LIMIT ?", (author_id, ERASED_AT_ONCE)
    ).fetchall()
    for (comment_id,) in rows:
        withdraw(tx, comment_id)
    return len(rows) == ERASED_AT_ONCE


def _remove(tx: Tx, row: CommentRow) -> None:
    _changed(tx, "deleted", row)
    store.remove(tx, row)
    creations.count_comments(tx, row.creation_id, -1)
    if not store.has_said(tx.db, row.creation_id, row.author_id):
        feeds.take_back(tx, row.creation_id, row.author_id, feeds.Sign.COMMENT, now_us())


def _own(db: Connection, actor: Actor, comment_id: str, action: Action) -> CommentRow:
    """A comment of the actor's, or, to be deleted, one on a post of the actor's. Raises Refusal: not_found."""
    row = _seen(db, actor.user_id, comment_id)
    if not row.is_ready:
        raise _no_comment()
    is_on_own_post = action is Action.COMMENT_DELETE and row.owner_id == actor.user_id
    authorize(actor, action, row.owner_id if is_on_own_post else row.author_id)
    return row


def _seen(db: Connection, viewer: str | None, comment_id: str) -> CommentRow:
    """Raises Refusal: not_found."""
    row = store.one(db, comment_id, viewer)
    if row is None:
        raise _no_comment()
    return row


def _shown(db: Connection, viewer: str | None, comment_id: str) -> Comment:
    row = _seen(db, viewer, comment_id)
    replies = store.first_answers(db, [row.id], viewer) if row.reply_count else {}
    return store.shown(row, replies.get(row.id, ()))


def _next(rows: list[CommentRow], limit: int) -> str | None:
    return write_cursor(Cursor(rows[limit - 1].created_us, rows[limit - 1].id)) if len(rows) > limit else None


def _no_comment() -> Refusal:
    return Refusal("not_found", "There is no such comment.")

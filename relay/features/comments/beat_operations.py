"""What people say to patterns, as a beat machine's interface says it."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import bare, dashed
from relay.core.limits import Kind
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.comments import store
from relay.features.comments.service import Comments
from relay.features.creations import api as creations
from relay.wire import beat_operations as wire
from relay.wire.beats import (
    Author,
    BeatComment,
    BeatCommentGiven,
    BeatCommentPage,
    NumberedQuery,
    Success,
    pages_of,
)
from relay.wire.comments import Comment, NewComment
from relay.wire.operation import Nothing
from relay.wire.rest import Confirmation, Producer

Bare = Call[Nothing, Nothing]
Given = Call[BeatCommentGiven, Nothing]


class BeatComments:
    """[loop]"""

    def __init__(self, db: Database, comments: Comments, base_url: str) -> None:
        self._db = db
        self._comments = comments
        self._base_url = base_url

    async def of_pattern(self, call: Call[Nothing, NumberedQuery]) -> Success[BeatCommentPage]:
        query, viewer, id_ = call.query, call.actor.user_id, bare(call.path["creation_id"])

        def work(db: Connection) -> BeatCommentPage:
            creations.commentable(db, id_, viewer, self._base_url)
            rows, total = store.numbered(db, id_, viewer, (query.page - 1) * query.limit, query.limit)
            people = accounts.profiles(db, [row.author_id for row in rows])
            return BeatCommentPage(
                comments=[_said(store.shown(row), people[row.author_id]) for row in rows],
                pagination=pages_of(query.page, query.limit, total),
            )

        return Success(data=await self._db.read(work))

    async def write(self, call: Given) -> Success[BeatComment]:
        given = NewComment(text=call.body.text)
        return await self._one(
            call, await self._comments.write(call.account_id, bare(call.path["creation_id"]), given)
        )

    async def edit(self, call: Given) -> Success[BeatComment]:
        edited = await self._comments.edit(call.actor, bare(call.path["comment_id"]), call.body.text)
        return await self._one(call, edited)

    async def delete(self, call: Bare) -> Success[Confirmation]:
        await self._comments.delete(call.actor, bare(call.path["comment_id"]))
        return Success(data=Confirmation(message="Comment deleted successfully"))

    async def _one(self, call: Given, comment: Comment) -> Success[BeatComment]:
        """One's own."""
        me = await self._db.read(lambda db: accounts.profile(db, call.account_id))
        return Success(data=_said(comment, me))

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.PATTERN_COMMENTS, Action.COMMENT_READ, self.of_pattern),
            Row(wire.COMMENT_PATTERN, Action.COMMENT_WRITE, self.write, limit=Kind.COMMENT),
            Row(wire.EDIT_BEAT_COMMENT, Action.COMMENT_EDIT, self.edit, limit=Kind.COMMENT),
            Row(wire.DELETE_BEAT_COMMENT, Action.COMMENT_DELETE, self.delete),
        ]


def _said(comment: Comment, author: Producer) -> BeatComment:
    return BeatComment(
        id=dashed(comment.id),
        text=comment.text,
        author=Author(id=dashed(author.id), display_name=author.display_name, avatar=author.avatar),
        created_at=comment.created_at,
        updated_at=comment.edited_at or comment.created_at,
    )

"""Comments, for programs; pages.py has them for people."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.limits import Kind
from relay.features.comments.service import Comments
from relay.wire import social_operations as wire
from relay.wire.comments import Comment, CommentDeleted, CommentEdit, CommentPage, NewComment

Bare = Call[wire.Nothing, wire.Nothing]
ListCall = Call[wire.Nothing, wire.Paging]


def rows(comments: Comments) -> list[AnyRow]:
    async def of_post(call: ListCall) -> CommentPage:
        query = call.query
        return await comments.of_post(call.actor.user_id, call.path["post_id"], query.cursor, query.limit)

    async def write(call: Call[NewComment, wire.Nothing]) -> Comment:
        return await comments.write(call.account_id, call.path["post_id"], call.body)

    async def one(call: Bare) -> Comment:
        return await comments.one(call.actor.user_id, call.path["comment_id"])

    async def replies(call: ListCall) -> CommentPage:
        query = call.query
        return await comments.replies(call.actor.user_id, call.path["comment_id"], query.cursor, query.limit)

    async def edit(call: Call[CommentEdit, wire.Nothing]) -> Comment:
        return await comments.edit(call.actor, call.path["comment_id"], call.body.text)

    async def delete(call: Bare) -> CommentDeleted:
        await comments.delete(call.actor, call.path["comment_id"])
        return CommentDeleted(comment_id=call.path["comment_id"])

    return [
        Row(wire.LIST_COMMENTS, Action.COMMENT_READ, of_post),
        Row(wire.WRITE_COMMENT, Action.COMMENT_WRITE, write, limit=Kind.COMMENT),
        Row(wire.GET_COMMENT, Action.COMMENT_READ, one),
        Row(wire.LIST_REPLIES, Action.COMMENT_READ, replies),
        Row(wire.EDIT_COMMENT, Action.COMMENT_EDIT, edit, limit=Kind.COMMENT),
        Row(wire.DELETE_COMMENT, Action.COMMENT_DELETE, delete),
    ]

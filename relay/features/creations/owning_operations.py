"""Under /api/v1/audio, what the owner of a post does with it."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.features.creations.owning import Owning
from relay.wire import operations as wire
from relay.wire.owning import PostDetails, PostEdit
from relay.wire.rest import PostDeleted

Bare = Call[wire.Nothing, wire.Nothing]


def rows(owning: Owning) -> list[AnyRow]:
    async def edit(call: Call[PostEdit, wire.Nothing]) -> PostDetails:
        return await owning.edit(call.actor, call.path["post_id"], call.body)

    async def delete(call: Bare) -> PostDeleted:
        return await owning.delete(call.actor, call.path["post_id"])

    return [
        Row(wire.EDIT_POST, Action.POST_EDIT, edit),
        Row(wire.DELETE_POST, Action.POST_DELETE, delete),
    ]

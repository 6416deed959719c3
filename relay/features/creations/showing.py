"""Who may see what one has posted: asked and changed by its author alone."""

from relay.core.access import Action, Actor, authorize
from relay.core.calls import AnyRow, Call, Row
from relay.core.visibility import Shown, State, Visibility
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.creations.store import no_post, set_shown, shown_of
from relay.wire import operations as wire
from relay.wire.rest import PostVisibility


def rows(db: Database) -> list[AnyRow]:
    async def get(call: Call[wire.Nothing, wire.Nothing]) -> PostVisibility:
        shown = await db.read(lambda reader: _own(reader, call.actor, call.path["post_id"]))
        return PostVisibility(visibility=shown.visibility.value)

    async def change(call: Call[PostVisibility, wire.Nothing]) -> PostVisibility:
        post_id = call.path["post_id"]

        def work(tx: Tx) -> None:
            shown = _own(tx.db, call.actor, post_id)
            set_shown(tx, post_id, Visibility(call.body.visibility), shown.state, now_us())

        await db.write(work)
        return call.body

    return [
        Row(wire.GET_VISIBILITY, Action.POST_SHOW, get),
        Row(wire.SET_VISIBILITY, Action.POST_SHOW, change),
    ]


def _own(db: Connection, actor: Actor, post_id: str) -> Shown:
    """Raises Refusal: not_found; also for one that is another's."""
    shown = shown_of(db, [post_id]).get(post_id)
    if shown is None or shown.state is State.DELETED:
        raise no_post()
    authorize(actor, Action.POST_SHOW, shown.owner_id)
    return shown

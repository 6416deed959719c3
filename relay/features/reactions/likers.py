"""Who liked a post last, for its page. `creations` asks for it, so this module imports nothing of it."""

from relay.core.visibility import present
from relay.engine.database import Connection
from relay.features.accounts import api as accounts
from relay.wire.rest import Producer

SHOWN = 8
_LIKERS = (
    f"SELECT account_id FROM creation_like AS l WHERE creation_id = :post AND {present('l.account_id')}"
    f" ORDER BY created_us DESC, id DESC LIMIT {SHOWN}"
)


def likers(db: Connection, viewer: str | None, post_id: str) -> list[Producer]:
    """The last SHOWN, the newest first; none who is suspended, whom the viewer blocks, or who blocks the viewer. [any thread with a snapshot]"""
    ids = [who for (who,) in db.execute(_LIKERS, {"viewer": viewer or "", "post": post_id}).fetchall()]
    people = accounts.profiles(db, ids)
    return [people[each] for each in ids if each in people]
